import type { Fusion, LayerGroup } from '../layouts/types.ts';
import type { Operation } from './types.ts';

/** The chain of operations that turns one group's experts into another's, in the order in which transformers applies them. */
export function operationsBetween(from: LayerGroup, to: LayerGroup): Operation[] {
  const operations: Operation[] = [];
  const apart = (group: LayerGroup) => group.layout?.family === 'per-expert';
  const flat = (group: LayerGroup) => group.layout?.family === 'flat';
  if (flat(from) && !flat(to)) operations.push('Unflatten');
  if (from.fusion !== to.fusion) {
    if (isHalved(from.fusion)) operations.push('Chunk');
    if (from.fusion === 'interleaved') operations.push('Deinterleave');
  }
  if (apart(from) && !apart(to)) operations.push('MergeModulelist');
  if (from.orientation !== to.orientation) operations.push('Transpose');
  if (from.fusion !== to.fusion) {
    if (isHalved(to.fusion)) operations.push('Concatenate');
    if (to.fusion === 'interleaved') operations.push('Interleave');
  }
  if (!apart(from) && apart(to)) operations.push('SplitModulelist');
  if (!flat(from) && flat(to)) operations.push('Flatten');
  if (operations.length === 0) operations.push(sameNames(from, to) ? 'Keep' : 'Rename');
  return operations;
}

/** True where gate and up are the halves of a tensor, whichever comes first. */
export function isHalved(fusion: Fusion): boolean {
  return fusion === 'concatenated' || fusion === 'up-first';
}

function sameNames(from: LayerGroup, to: LayerGroup): boolean {
  const names = new Set(from.members.map((member) => member.template));
  return to.members.every((member) => names.has(member.template));
}

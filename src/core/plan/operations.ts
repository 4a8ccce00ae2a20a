import type { LayerGroup } from '../layouts/types.ts';
import type { Operation } from './types.ts';

/** The chain of operations that turns one group's experts into another's, in the order in which transformers applies them. */
export function operationsBetween(from: LayerGroup, to: LayerGroup): Operation[] {
  const operations: Operation[] = [];
  const apart = (group: LayerGroup) => group.layout?.family === 'per-expert';
  const flat = (group: LayerGroup) => group.layout?.family === 'flat';
  if (flat(from) && !flat(to)) operations.push('Unflatten');
  if (from.fusion !== to.fusion) {
    if (from.fusion === 'concatenated') operations.push('Chunk');
    if (from.fusion === 'interleaved') operations.push('Deinterleave');
  }
  if (apart(from) && !apart(to)) operations.push('MergeModulelist');
  if (from.orientation !== to.orientation) operations.push('Transpose');
  if (from.fusion !== to.fusion) {
    if (to.fusion === 'concatenated') operations.push('Concatenate');
    if (to.fusion === 'interleaved') operations.push('Interleave');
  }
  if (!apart(from) && apart(to)) operations.push('SplitModulelist');
  if (!flat(from) && flat(to)) operations.push('Flatten');
  if (operations.length === 0) operations.push(sameNames(from, to) ? 'Keep' : 'Rename');
  return operations;
}

function sameNames(from: LayerGroup, to: LayerGroup): boolean {
  const names = new Set(from.members.map((member) => member.template));
  return to.members.every((member) => names.has(member.template));
}

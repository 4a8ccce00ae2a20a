import type { CheckpointTensor } from '../checkpoint/types.ts';
import { renameTensor } from '../layouts/target.ts';
import type { Side } from '../verify/pairs.ts';
import { loneEntry, pairedEntry } from './entry.ts';
import { unique } from './groups.ts';
import { underRules } from './roots.ts';
import type { Entry, Piece, PrefixRule } from './types.ts';

/** A tensor's name as transformers 5 spells it in memory. */
export function memoryName(name: string, { layout }: Side): string {
  return renameTensor(name, layout.modelType, 'gate-up', layout);
}

/** Matches whole tensors by name, by the renames of the architecture and by rules of prefixes. The rest has no match. */
export function matchByName(
  left: Side,
  right: Side,
  open: { readonly left: readonly CheckpointTensor[]; readonly right: readonly CheckpointTensor[] },
  rules: readonly PrefixRule[],
): Entry[] {
  const partners = new Map<CheckpointTensor, CheckpointTensor>();
  const free = new Set(open.right);
  const rounds: ((tensor: CheckpointTensor, side: 'left' | 'right') => string)[] = [
    ({ name }) => name,
    ({ name }, side) => memoryName(name, side === 'left' ? left : right),
    ({ name }, side) => underRules(memoryName(name, side === 'left' ? left : right), side, rules),
  ];
  for (const keyOf of rounds) {
    const theirs = unique(free, (tensor) => keyOf(tensor, 'right'));
    const ours = unique(
      open.left.filter((tensor) => !partners.has(tensor)),
      (tensor) => keyOf(tensor, 'left'),
    );
    for (const [key, tensor] of ours) {
      const partner = theirs.get(key);
      if (!partner) continue;
      partners.set(tensor, partner);
      free.delete(partner);
    }
  }
  return [
    ...open.left.map((tensor) => {
      const partner = partners.get(tensor);
      return partner
        ? pairedEntry(whole(tensor), whole(partner), { slot: null, steps: [] })
        : loneEntry(whole(tensor), 'left', null, null);
    }),
    ...[...free].map((tensor) => loneEntry(whole(tensor), 'right', null, null)),
  ];
}

/** The piece that is a whole tensor. */
export function whole(tensor: CheckpointTensor): Piece {
  return { tensor, view: null, bytes: tensor.end - tensor.start };
}

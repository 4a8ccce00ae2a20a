import { plural } from '../units.ts';
import type { UnpackedCheckpoint } from './unpack.ts';

/** What a reader must know of a plan that unpacks: that it is not lossless, and what is left out. */
export function unpackNotes(unpacked: UnpackedCheckpoint | null): string[] {
  if (!unpacked) return [];
  const { formats, tensors } = unpacked.summary;
  const { dropped } = unpacked;
  return [
    `Not lossless: ${plural(tensors, 'tensor')} in ${formats.join(' and ')} become bf16. Each code is multiplied by its scale and rounded to bf16. The result does not contain the codes and scales.`,
    ...(dropped.length > 0
      ? [`Left out: ${plural(dropped.length, 'scale')} of activations, which bf16 weights do not need.`]
      : []),
  ];
}

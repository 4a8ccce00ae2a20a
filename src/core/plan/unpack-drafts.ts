import type { OutputDraft } from './outputs.ts';
import type { Operation } from './types.ts';
import type { UnpackedCheckpoint } from './unpack.ts';
import { unpackParts } from './unpack-parts.ts';

/** A draft over tensors that are to be unpacked, as one over the packed ones. */
export function unpackedDraft(draft: OutputDraft, { packed }: UnpackedCheckpoint): OutputDraft {
  const parts = unpackParts(draft.parts, packed);
  const isUnpacked = parts.some(({ kind }) => kind === 'dequantise');
  return { ...draft, parts, operations: isUnpacked ? dequantizing(draft.operations) : draft.operations };
}

/** The chain of what is unpacked first. */
export function dequantizing(operations: readonly Operation[]): Operation[] {
  return ['Dequantize', ...operations.filter((operation) => operation !== 'Keep')];
}

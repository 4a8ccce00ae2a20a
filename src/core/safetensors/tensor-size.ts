import { bitsOf, type DType } from './dtype.ts';

/** Largest value of the format's unsigned 64-bit integers. */
export const MAX_U64 = 2n ** 64n - 1n;

/** Up to here elements × 64 bits are exact in a double. */
const MAX_PLAIN_ELEMENTS = 2 ** 47;

/** Bytes of a tensor by plain arithmetic; NaN when only {@link exactByteCount} can tell, or when no bytes are whole. */
export function plainByteCount(dtype: DType, shape: readonly number[]): number {
  let elements = 1;
  for (const dim of shape) {
    elements *= dim;
    if (elements > MAX_PLAIN_ELEMENTS) return Number.NaN;
  }
  const bits = elements * bitsOf(dtype);
  return bits % 8 === 0 ? bits / 8 : Number.NaN;
}

/**
 * Bytes of a tensor, or the tag of the rule its shape breaks. The element count is multiplied from left to right and may
 * not pass 64 bits on the way, not even when a later dim is 0.
 */
export function exactByteCount(dtype: DType, dims: readonly bigint[]): bigint | 'shape-overflow' | 'tensor-misaligned' {
  let elements = 1n;
  for (const dim of dims) {
    elements *= dim;
    if (elements > MAX_U64) return 'shape-overflow';
  }
  const bits = elements * BigInt(bitsOf(dtype));
  if (bits > MAX_U64) return 'shape-overflow';
  return bits % 8n === 0n ? bits / 8n : 'tensor-misaligned';
}

/** What a broken shape rule means, in words for a message. */
export function shapeFault(tag: 'shape-overflow' | 'tensor-misaligned', dtype: DType, dims: readonly bigint[]): string {
  const what = `${dtype} [${dims.join(',')}]`;
  return tag === 'shape-overflow'
    ? `The size of ${what} does not fit 64 bits`
    : `The elements of ${what} do not fill whole bytes`;
}

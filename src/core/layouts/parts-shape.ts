import { bitsOf, type DType, rowOf } from '../safetensors/dtype.ts';

/**
 * A stored `weight_shape` [out, in] with its outputs doubled (`join`: gate and up together) or halved (`split`).
 *
 * Null where that is not exact: outputs that are odd or too many, or a dtype that is no signed integer of 32 or 64 bits.
 */
export function rewriteShape(bytes: Uint8Array, dtype: DType, way: 'join' | 'split'): Uint8Array<ArrayBuffer> | null {
  const made = new Uint8Array(bytes);
  const view = new DataView(made.buffer);
  const row = rowOf(dtype);
  const size = bitsOf(dtype) / 8;
  if (row.kind !== 'integer' || !row.signed || size < 4 || bytes.byteLength !== 2 * size) return null;
  const outputs = size === 8 ? view.getBigInt64(0, true) : BigInt(view.getInt32(0, true));
  if (outputs < 1n || outputs > 2n ** 30n - 1n || (way === 'split' && outputs % 2n !== 0n)) return null;
  const rewritten = way === 'join' ? 2n * outputs : outputs / 2n;
  if (size === 8) view.setBigInt64(0, rewritten, true);
  else view.setInt32(0, Number(rewritten), true);
  return made;
}

/** Bytes written as hex digits. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

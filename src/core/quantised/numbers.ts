import { type DType, isFloatType, rowOf } from '../safetensors/dtype.ts';
import { codeAt, codeValues, isNarrow, wideNumbers } from '../safetensors/dtype-codes.ts';
import type { StoredPart } from './types.ts';

/** The numbers of a part, exactly; of 64-bit integers as doubles. */
export function numbersOf({ bytes, dtype }: StoredPart): ArrayLike<number> {
  if (!isNarrow(dtype)) return wideNumbers(dtype)(bytes);
  const { bits } = rowOf(dtype);
  const values = codeValues(dtype);
  return Float64Array.from({ length: Math.floor((8 * bytes.byteLength) / bits) }, (_, at) => {
    return values[codeAt(bytes, at, bits)] as number;
  });
}

/** Scales: the numbers of floats, and bytes as another dtype, which formats store them under. */
export function scalesOf(part: StoredPart, stored: DType = 'F8_E8M0'): ArrayLike<number> {
  return numbersOf(rowOf(part.dtype).kind === 'float' ? part : { ...part, dtype: stored });
}

/** True for what a scale may be stored as: a float, or one byte. */
export function isScale(dtype: DType): boolean {
  const row = rowOf(dtype);
  return isFloatType(dtype) || (row.bits === 8 && row.kind !== 'bool');
}

/** Little-endian 32-bit words of a part. */
export function wordsOf({ bytes }: StoredPart): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength >> 2);
}

/** The field of `bits` bits, 8 at most, that begins at a bit of words `step` apart from word `first` on. */
export function fieldAt(words: Uint32Array, first: number, step: number, bit: number, bits: number): number {
  const at = first + step * (bit >>> 5);
  const low = bit & 31;
  const rest = low + bits - 32;
  const word = (words[at] as number) >>> low;
  const all = rest > 0 ? word | ((words[at + step] as number) << (bits - rest)) : word;
  return all & ((1 << bits) - 1);
}

import type { FloatType } from '../../safetensors/dtype.ts';
import { FLOAT_FORMS, floatBytes, floatWords, tableOf } from '../float.ts';

/** Two runs of `count` numbers of one format. */
export interface DifferenceSpec {
  readonly dtype: FloatType;
  readonly count: number;
}

/** Numbers that one record tells of. */
export const CHUNK = 16384;
/** Words of a record: how many differ, the first that does, largest difference (f32 bits), largest distance in steps, NaN. */
export const RECORD = 8;
/** No element of the chunk differs. */
export const NONE = 0xffffffff;
/** Sizes below 2^-100 are taken as 0 in differences: none then leaves the normal f32 numbers. */
export const SMALL_BITS = (127 - 100) << 23;
/** Differences with numbers of 2^127 and more are reported as infinite. */
export const LARGE_BITS = 254 << 23;
export const INFINITY_BITS = 0x7f800000;

export function chunksOf(count: number): number {
  return Math.ceil(count / CHUNK);
}

/**
 * The CPU form of the difference kernel: one record a chunk of 16384 numbers.
 *
 * Two numbers differ when a bit does (so −0 and 0 do, over no distance). The distance is counted in steps of the format
 * from one number to the next, infinity being a step after the largest. Where one is NaN, both measures are left out and
 * the pair is counted.
 */
export function differenceCpu(spec: DifferenceSpec, [a, b]: readonly Uint8Array[], output: Uint8Array): void {
  if (!a || !b) return;
  const records = new Uint32Array(chunksOf(spec.count) * RECORD);
  const [x, y] = [floatWords(spec.dtype, a), floatWords(spec.dtype, b)];
  const compare = comparer(spec.dtype);
  for (let start = 0; start < spec.count; start += CHUNK) {
    const record = records.subarray((start / CHUNK) * RECORD, (start / CHUNK + 1) * RECORD);
    record[1] = NONE;
    const end = Math.min(spec.count, start + CHUNK);
    for (let i = start; i < end; i++) {
      if (x[i] !== y[i]) compare(x[i] as number, y[i] as number, i - start, record);
    }
  }
  output.set(new Uint8Array(records.buffer));
}

type Compare = (a: number, b: number, index: number, record: Uint32Array) => void;

function comparer(dtype: FloatType): Compare {
  const table = floatBytes(dtype) === 2 ? tableOf(`${dtype} F32`, FLOAT_FORMS[dtype].toF32) : null;
  const wide = (code: number) => (table ? (table[code] as number) : code);
  const sign = 2 ** (8 * floatBytes(dtype) - 1);
  return (a, b, index, record) => {
    record[0] = (record[0] as number) + 1;
    record[1] = Math.min(record[1] as number, index);
    const [p, q] = [wide(a), wide(b)];
    if ((p & 0x7fffffff) > INFINITY_BITS || (q & 0x7fffffff) > INFINITY_BITS) {
      record[4] = (record[4] as number) + 1;
      return;
    }
    record[2] = Math.max(record[2] as number, apart(p, q));
    record[3] = Math.max(record[3] as number, Math.abs(order(a, sign) - order(b, sign)));
  };
}

/** Place among the numbers of a format, 0 and −0 in one. */
function order(code: number, sign: number): number {
  return code < sign ? code : sign - code;
}

const floats = new Float32Array(2);
const floatBits = new Uint32Array(floats.buffer);

/** Bits of the size of the difference of two f32. */
function apart(a: number, b: number): number {
  if ((a & 0x7fffffff) >= LARGE_BITS || (b & 0x7fffffff) >= LARGE_BITS) return INFINITY_BITS;
  floatBits[0] = (a & 0x7fffffff) < SMALL_BITS ? 0 : a;
  floatBits[1] = (b & 0x7fffffff) < SMALL_BITS ? 0 : b;
  floats[0] = Math.abs((floats[0] as number) - (floats[1] as number));
  return floatBits[0] as number;
}

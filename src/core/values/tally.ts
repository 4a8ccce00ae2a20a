import { fromF32Bits, toF32Bits } from '../kernels/float.ts';
import { bitsOf, type DType } from '../safetensors/dtype.ts';
import { codeAt, codeValues, isNarrow, wideIntegers, wideNumbers } from '../safetensors/dtype-codes.ts';
import type { HistogramBin, TensorHistogram } from './types.ts';

/** Counts numbers as their bytes come; chunks begin and end at whole elements. */
export interface Tally {
  add(bytes: Uint8Array): void;
  summary(bins: number): Omit<TensorHistogram, 'exact' | 'bytes'>;
}

export function createTally(dtype: DType): Tally {
  return isNarrow(dtype) ? narrowTally(dtype) : wideTally(dtype);
}

/** Every code counted: all else follows from these counts. */
function narrowTally(dtype: DType): Tally {
  const bits = bitsOf(dtype);
  const counts = new Float64Array(2 ** bits);
  return {
    add: (bytes) => {
      const chunk = new Uint32Array(counts.length);
      if (bits === 16) countPairs(bytes, chunk);
      else if (bits === 8) for (const code of bytes) chunk[code] = (chunk[code] as number) + 1;
      else if (bits === 4) countHalves(bytes, chunk);
      else if (bits === 6) countSixes(bytes, chunk);
      else for (let at = 0; at < (bytes.length * 8) / bits; at += 1) countOne(chunk, codeAt(bytes, at, bits));
      for (const [code, count] of chunk.entries()) if (count > 0) counts[code] = (counts[code] as number) + count;
    },
    summary: (bins) => summarise(codeValues(dtype), counts, bins),
  };
}

function countOne(counts: Uint32Array, code: number): void {
  counts[code] = (counts[code] as number) + 1;
}

function countPairs(bytes: Uint8Array, counts: Uint32Array): void {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  const codes = new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 1);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] as number;
    counts[code] = (counts[code] as number) + 1;
  }
}

function countHalves(bytes: Uint8Array, counts: Uint32Array): void {
  for (const pair of bytes) {
    counts[pair & 15] = (counts[pair & 15] as number) + 1;
    counts[pair >> 4] = (counts[pair >> 4] as number) + 1;
  }
}

function countSixes(bytes: Uint8Array, counts: Uint32Array): void {
  for (let at = 0; at < bytes.length; at += 3) {
    let four = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    for (let i = 0; i < 4; i += 1) {
      counts[four & 63] = (counts[four & 63] as number) + 1;
      four >>= 6;
    }
  }
}

function summarise(values: Float64Array, counts: Float64Array, bins: number): ReturnType<Tally['summary']> {
  const found = [...counts.keys()].filter((code) => (counts[code] as number) > 0);
  const sum = { count: 0, nan: 0, positiveInfinite: 0, negativeInfinite: 0, zeros: 0, finite: 0, first: 0, second: 0 };
  const numbers: { value: number; count: number }[] = [];
  for (const code of found) {
    const [value, count] = [values[code] as number, counts[code] as number];
    sum.count += count;
    if (Number.isNaN(value)) sum.nan += count;
    else if (value === Number.POSITIVE_INFINITY) sum.positiveInfinite += count;
    else if (value === Number.NEGATIVE_INFINITY) sum.negativeInfinite += count;
    else {
      if (value === 0) sum.zeros += count;
      sum.finite += count;
      sum.first += count * value;
      sum.second += count * value * value;
      numbers.push({ value: value === 0 ? 0 : value, count });
    }
  }
  numbers.sort((a, b) => a.value - b.value);
  const { count, nan, positiveInfinite, negativeInfinite, zeros, finite } = sum;
  const min = numbers[0]?.value ?? null;
  const max = numbers.at(-1)?.value ?? null;
  const [mean, rms] = finite === 0 ? [null, null] : [sum.first / finite, Math.sqrt(sum.second / finite)];
  const own = { count, zeros, nan, positiveInfinite, negativeInfinite, min, max, mean, rms };
  return { ...own, distinct: found.length, bins: binned(numbers, { min, max }, bins) };
}

/** Ascending numbers in bins: one each where they are few, else equally wide ones. */
function binned(
  numbers: readonly { readonly value: number; readonly count: number }[],
  { min, max }: { readonly min: number | null; readonly max: number | null },
  bins: number,
): HistogramBin[] {
  if (min === null || max === null) return [];
  const values = new Map<number, number>();
  for (const { value, count } of numbers) values.set(value, (values.get(value) ?? 0) + count);
  if (values.size <= bins) return [...values].map(([value, count]) => ({ from: value, to: value, count }));
  // In halves: the distance between the largest numbers of both signs is past the largest double.
  const width = max / 2 - min / 2;
  const counts = new Float64Array(bins);
  for (const [value, count] of values) {
    const at = Math.min(bins - 1, Math.max(0, Math.floor(((value / 2 - min / 2) / width) * bins)));
    counts[at] = (counts[at] as number) + count;
  }
  const edge = (at: number) => (at === bins ? max : min + 2 * ((width * at) / bins));
  return Array.from(counts, (count, at) => ({ from: edge(at), to: edge(at + 1), count }));
}

/** Sums, ends and counts of the upper 16 bits as F32: where in the range numbers lie, to eight bits. */
function wideTally(dtype: DType): Tally {
  const upper = new Float64Array(65536);
  const read = wideNumbers(dtype);
  const own = { count: 0, zeros: 0, nan: 0, positiveInfinite: 0, negativeInfinite: 0 };
  let [finite, first, second] = [0, 0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const integers = wideIntegers(dtype);
  const ends = integers && exactEnds(integers);
  return {
    add: (bytes) => {
      const numbers = read(bytes);
      ends?.add(bytes);
      own.count += numbers.length;
      for (let at = 0; at < numbers.length; at += 1) {
        const value = numbers[at] as number;
        if (value - value !== 0) {
          if (Number.isNaN(value)) own.nan += 1;
          else if (value > 0) own.positiveInfinite += 1;
          else own.negativeInfinite += 1;
          continue;
        }
        if (value === 0) own.zeros += 1;
        finite += 1;
        first += value;
        second += value * value;
        if (value < min) min = value;
        if (value > max) max = value;
        const code = toF32Bits(value) >>> 16;
        upper[code] = (upper[code] as number) + 1;
      }
    },
    summary: (bins) => {
      const range = finite === 0 ? { min: null, max: null } : { min, max };
      const numbers = middles(upper, range).sort((a, b) => a.value - b.value);
      const [mean, rms] = finite === 0 ? [null, null] : [first / finite, Math.sqrt(second / finite)];
      const exact = finite > 0 && ends ? ends.ends() : range;
      return { ...own, ...exact, mean, rms, distinct: null, bins: binned(numbers, range, bins) };
    },
  };
}

/** The middle of what each code represents, kept between the ends; numbers past F32 count as its largest. */
function middles(upper: Float64Array, { min, max }: { readonly min: number | null; readonly max: number | null }) {
  const numbers: { value: number; count: number }[] = [];
  for (const [code, count] of upper.entries()) {
    if (count === 0) continue;
    const isPast = (code & 0x7f80) === 0x7f80;
    const bits = isPast ? ((code & 0x8000) << 16) | 0x7f7fffff : (code << 16) | ((code & 0x7fff) === 0 ? 0 : 0x8000);
    const value = Math.min(max ?? 0, Math.max(min ?? 0, fromF32Bits(bits)));
    numbers.push({ value: value === 0 ? 0 : value, count });
  }
  return numbers;
}

/** The smallest and the largest 64-bit integer, which doubles do not tell apart. */
function exactEnds(read: NonNullable<ReturnType<typeof wideIntegers>>) {
  let min: bigint | null = null;
  let max: bigint | null = null;
  return {
    add: (bytes: Uint8Array) => {
      for (const value of read(bytes)) {
        if (min === null || value < min) min = value;
        if (max === null || value > max) max = value;
      }
    },
    ends: () => ({ min, max }),
  };
}

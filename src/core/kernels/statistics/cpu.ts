import { type FloatType, f16Table, floatBytes } from '../float.ts';
import { words16, words32 } from '../words.ts';

/** `segments` runs of `count` numbers, one after another: a segment is what gets one set of statistics. */
export interface StatisticsSpec {
  readonly dtype: FloatType;
  readonly segments: number;
  readonly count: number;
}

/** Numbers that one record tells of; a workgroup of 256 threads takes eight groups of eight each. */
export const CHUNK = 16384;
/** Words of a record: sum, sum of squares, largest size (f32 bits), zeros, NaN, infinities, huge, one unused. */
export const RECORD = 8;
/** Numbers below 2^-48 in size add nothing to sum and squares: their squares could leave the normal f32 numbers. */
export const TINY_BITS = (127 - 48) << 23;
/** Finite numbers from 2^57 on are counted as huge and left out of both sums: the squares of a chunk stay below 2^126. */
export const HUGE_BITS = (127 + 57) << 23;
const INFINITY_BITS = 0x7f800000;

const LANES = 256;
const GROUP = 8;

export function chunksOf(count: number): number {
  return Math.ceil(count / CHUNK);
}

/**
 * The CPU form of the statistics kernel: one record a chunk of 16384 numbers, segment after segment.
 *
 * The order of every f32 addition is fixed. Lane l takes the groups of eight numbers g = l, l + 256, … of a chunk; a group
 * adds as ((01 + 23) + (45 + 67)), where ab = a + b; lanes add their groups in order; then lanes l and l + h are added for
 * h = 128, 64 … 1. Squares of bf16 and f16 are exact in f32; those of f32 are h² + 2hl over the upper 12 and lower 12
 * digits, so that fused multiply-add makes no difference.
 */
export function statisticsCpu(spec: StatisticsSpec, [input]: readonly Uint8Array[], output: Uint8Array): void {
  const { dtype, segments, count } = spec;
  if (!input) return;
  const records = new Uint32Array(segments * chunksOf(count) * RECORD);
  const read = reader(dtype, input);
  let record = 0;
  for (let segment = 0; segment < segments; segment++) {
    for (let start = 0; start < count; start += CHUNK) {
      const length = Math.min(CHUNK, count - start);
      chunkRecord(read, segment * count + start, length, records.subarray(record, record + RECORD), dtype === 'F32');
      record += RECORD;
    }
  }
  output.set(new Uint8Array(records.buffer));
}

type Read = (index: number) => number;

/** f32 bits of a number. */
function reader(dtype: FloatType, input: Uint8Array): Read {
  if (floatBytes(dtype) === 4) {
    const words = words32(input);
    return (index) => words[index] as number;
  }
  const words = words16(input);
  if (dtype === 'BF16') return (index) => (words[index] as number) << 16;
  const table = f16Table();
  return (index) => table[words[index] as number] as number;
}

const sums = new Float32Array(LANES);
const squares = new Float32Array(LANES);
const eight = new Float32Array(GROUP);
const eightBits = new Uint32Array(eight.buffer);
const both = new Float32Array(2);

function chunkRecord(read: Read, start: number, length: number, record: Uint32Array, split: boolean): void {
  sums.fill(0);
  squares.fill(0);
  for (let group = 0; group * GROUP < length; group++) {
    loadGroup(read, start + group * GROUP, Math.min(GROUP, length - group * GROUP), record);
    const lane = group % LANES;
    sums[lane] = (sums[lane] as number) + addEight(eight);
    squares[lane] = (squares[lane] as number) + squareEight(split);
  }
  both[0] = tree(sums);
  both[1] = tree(squares);
  record.set(new Uint32Array(both.buffer));
}

/** Numbers of a group into `eight`, 0 in place of those that add nothing; what is counted goes into the record. */
function loadGroup(read: Read, start: number, length: number, record: Uint32Array): void {
  for (let i = 0; i < GROUP; i++) {
    const bits = i < length ? read(start + i) : TINY_BITS;
    const size = bits & 0x7fffffff;
    eightBits[i] = bits;
    if (i >= length || size < TINY_BITS || size >= HUGE_BITS) eight[i] = 0;
    if (i >= length) continue;
    if (size < INFINITY_BITS) {
      if (size > (record[2] as number)) record[2] = size;
      if (size === 0) count(record, 3);
      else if (size >= HUGE_BITS) count(record, 6);
    } else {
      count(record, size > INFINITY_BITS ? 4 : 5);
    }
  }
}

function count(record: Uint32Array, field: number): void {
  record[field] = (record[field] as number) + 1;
}

const { fround } = Math;

function addEight(v: Float32Array): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = v;
  return fround(fround(fround(a + b) + fround(c + d)) + fround(fround(e + f) + fround(g + h)));
}

const terms = new Float32Array(GROUP);

function squareEight(split: boolean): number {
  for (let i = 0; i < GROUP; i++) terms[i] = squareOf(eight[i] as number, eightBits[i] as number, split);
  // Pairs of exact squares are rounded once, fused or not; so is the sum of a split one's two exact products.
  return addEight(terms);
}

const upper = new Float32Array(1);
const upperBits = new Uint32Array(upper.buffer);

function squareOf(x: number, bits: number, split: boolean): number {
  if (!split || x === 0) return x * x;
  upperBits[0] = bits & 0xfffff000;
  const h = upper[0] as number;
  return fround(h * h + 2 * h * (x - h));
}

/** Halves until one is left; destroys `values`. */
function tree(values: Float32Array): number {
  for (let half = LANES / 2; half >= 1; half /= 2) {
    for (let lane = 0; lane < half; lane++) values[lane] = (values[lane] as number) + (values[lane + half] as number);
  }
  return values[0] as number;
}

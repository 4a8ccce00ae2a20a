import type { FloatType } from '../../safetensors/dtype.ts';
import { FLOAT_FORMS, floatBytes, floatWords } from '../float.ts';

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
  const words = floatWords(dtype, input);
  const { load } = FLOAT_FORMS[dtype];
  const split = floatBytes(dtype) === 4;
  let record = 0;
  for (let segment = 0; segment < segments; segment++) {
    for (let start = 0; start < count; start += CHUNK) {
      const length = Math.min(CHUNK, count - start);
      load(words, segment * count + start, length, bits);
      chunkRecord(length, records.subarray(record, record + RECORD), split);
      record += RECORD;
    }
  }
  output.set(new Uint8Array(records.buffer));
}

/** A chunk's numbers, as f32 and as their bits. */
const numbers = new Float32Array(CHUNK);
const bits = new Uint32Array(numbers.buffer);

const sums = new Float32Array(LANES);
const squares = new Float32Array(LANES);
const both = new Float32Array(2);

function chunkRecord(length: number, record: Uint32Array, split: boolean): void {
  sums.fill(0);
  squares.fill(0);
  setAside(length, record);
  const end = Math.ceil(length / GROUP) * GROUP;
  bits.fill(0, length, end);
  for (let at = 0; at < end; at += GROUP) {
    const lane = (at / GROUP) % LANES;
    sums[lane] = (sums[lane] as number) + addEight(numbers, at);
    if (split) squareEight(at);
    squares[lane] = (squares[lane] as number) + (split ? addEight(terms, 0) : addSquares(at));
  }
  both[0] = tree(sums);
  both[1] = tree(squares);
  record.set(new Uint32Array(both.buffer));
}

/** Finds the largest size; counts what adds nothing to the sums and puts 0 in its place. */
function setAside(length: number, record: Uint32Array): void {
  let largest = 0;
  for (let i = 0; i < length; i++) {
    const size = (bits[i] as number) & 0x7fffffff;
    if (size >= TINY_BITS && size < HUGE_BITS) {
      if (size > largest) largest = size;
      continue;
    }
    bits[i] = 0;
    if (size < INFINITY_BITS && size > largest) largest = size;
    const field = fieldOf(size);
    if (field !== null) record[field] = (record[field] as number) + 1;
  }
  record[2] = largest;
}

/** Word of the record that counts numbers of this size, null for tiny ones. */
function fieldOf(size: number): number | null {
  if (size === 0) return 3;
  if (size < TINY_BITS) return null;
  if (size < INFINITY_BITS) return 6;
  return size > INFINITY_BITS ? 4 : 5;
}

const { fround } = Math;

function addEight(v: Float32Array, at: number): number {
  const left = fround(
    fround((v[at] as number) + (v[at + 1] as number)) + fround((v[at + 2] as number) + (v[at + 3] as number)),
  );
  const right = fround(
    fround((v[at + 4] as number) + (v[at + 5] as number)) + fround((v[at + 6] as number) + (v[at + 7] as number)),
  );
  return fround(left + right);
}

/** The sum of a group's squares where each is exact in f32. */
function addSquares(at: number): number {
  const left = fround(addPair(at) + addPair(at + 2));
  return fround(left + fround(addPair(at + 4) + addPair(at + 6)));
}

function addPair(at: number): number {
  const a = numbers[at] as number;
  const b = numbers[at + 1] as number;
  return fround(a * a + b * b);
}

const terms = new Float32Array(GROUP);
const upper = new Float32Array(1);
const upperBits = new Uint32Array(upper.buffer);

/** Squares of a group of f32 into `terms`, each the sum of two exact products, rounded once. */
function squareEight(at: number): void {
  for (let i = 0; i < GROUP; i++) {
    const x = numbers[at + i] as number;
    upperBits[0] = (bits[at + i] as number) & 0xfffff000;
    const h = upper[0] as number;
    terms[i] = h * h + 2 * h * (x - h);
  }
}

/** Halves until one is left; destroys `values`. */
function tree(values: Float32Array): number {
  for (let half = LANES / 2; half >= 1; half /= 2) {
    for (let lane = 0; lane < half; lane++) values[lane] = (values[lane] as number) + (values[lane + half] as number);
  }
  return values[0] as number;
}

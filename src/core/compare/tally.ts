import { castCpu } from '../kernels/cast/cpu.ts';
import { differenceCpu } from '../kernels/difference/cpu.ts';
import { differenceKernel } from '../kernels/difference/kernel.ts';
import { summariseDifference } from '../kernels/difference/summary.ts';
import { bitsOf, type DType, type FloatType, floatOf, isFloatType, rowOf } from '../safetensors/dtype.ts';
import { codeAt, codeValues, isNarrow, wideIntegers, wideReader } from '../safetensors/dtype-codes.ts';
import { firstDifference } from '../verify/matrix.ts';

/** The differences of two runs of values. Indices count elements in C order. */
export interface Tally {
  readonly elements: number;
  readonly different: number;
  readonly first: { readonly index: number; readonly left: string; readonly right: string } | null;
  /** Largest |a − b|; null for dtypes whose values are not decoded here. */
  readonly maxAbs: number | null;
  /** Largest distance in ULP of the compared format; null except for floats of 16 or 32 bits. */
  readonly maxUlp: number | null;
  readonly nan: number;
}

/** Counts the differences of two runs of elements, piece by piece. */
export interface Tallier {
  /** Pieces of the same number of whole elements. */
  add(left: Uint8Array, right: Uint8Array): void;
  result(): Tally;
}

/** The format in which two dtypes are compared, and the cast of each; null if no cast is known. */
export interface Cast {
  readonly to: FloatType;
  /** The cast as text: `F32 → BF16, to nearest even`. */
  readonly name: string;
}

function mantissaOf(dtype: FloatType): number {
  return floatOf(dtype)?.mantissa ?? 0;
}

/** Two float dtypes are compared in the less precise one, because further digits cannot be distinguished from rounding. */
export function castBetween(left: DType, right: DType): Cast | null {
  if (!isFloatType(left) || !isFloatType(right)) return null;
  const to = mantissaOf(left) <= mantissaOf(right) ? left : right;
  const from = left === to ? right : left;
  return { to, name: `${from} → ${to}, to nearest even` };
}

/** Compares elements of one dtype, floats by the difference kernel's CPU form. */
export function createTallier(dtype: DType): Tallier {
  return isFloatType(dtype) ? floatTallier(dtype, dtype, dtype) : plainTallier(dtype);
}

/** Compares two floats in one format; values are shown as they are stored. */
export function createCastTallier(left: FloatType, right: FloatType, { to }: Cast): Tallier {
  return floatTallier(left, right, to);
}

function floatTallier(left: FloatType, right: FloatType, to: FloatType): Tallier {
  const total = { elements: 0, different: 0, maxAbs: 0, maxUlp: 0, nan: 0 };
  let first: Tally['first'] = null;
  return {
    add: (a, b) => {
      const count = (a.byteLength * 8) / bitsOf(left);
      const [x, y] = [inFormat(left, to, count, a), inFormat(right, to, count, b)];
      if (firstDifference(x, y) !== null) {
        const spec = { dtype: to, count };
        const records = new Uint8Array(differenceKernel.outputBytes(spec));
        differenceCpu(spec, [x, y], records);
        const found = summariseDifference(records);
        if (found.first !== null) {
          const [p, q] = [readNumber(left, a, found.first), readNumber(right, b, found.first)];
          first ??= { index: total.elements + found.first, left: p, right: q };
        }
        total.different += found.count;
        total.maxAbs = Math.max(total.maxAbs, found.maxAbs);
        total.maxUlp = Math.max(total.maxUlp, found.maxUlp);
        total.nan += found.nan;
      }
      total.elements += count;
    },
    result: () => ({ ...total, first }),
  };
}

function inFormat(from: FloatType, to: FloatType, count: number, bytes: Uint8Array): Uint8Array {
  if (from === to) return bytes;
  const output = new Uint8Array((count * bitsOf(to)) / 8);
  castCpu({ from, to, count }, [bytes], output);
  return output;
}

/** Compares other dtypes element by element, as numbers if 53 bits can hold them. */
function plainTallier(dtype: DType): Tallier {
  const bits = bitsOf(dtype);
  const size = bits % 8 === 0 ? bits / 8 : 1;
  const value = numberReader(dtype);
  const total = { elements: 0, different: 0, nan: 0 };
  let maxAbs = 0;
  let first: Tally['first'] = null;
  return {
    add: (a, b) => {
      const start = firstDifference(a, b);
      const count = a.byteLength / size;
      for (let at = start === null ? count : Math.floor(start / size); at < count; at++) {
        if (sameElement(a, b, at * size, size)) continue;
        total.different += 1;
        first ??= { index: total.elements + at, left: readNumber(dtype, a, at), right: readNumber(dtype, b, at) };
        const apart = value ? Math.abs(value(a, at) - value(b, at)) : 0;
        if (Number.isNaN(apart)) total.nan += 1;
        else maxAbs = Math.max(maxAbs, apart);
      }
      total.elements += count;
    },
    result: () => ({ ...total, first, maxAbs: value ? maxAbs : null, maxUlp: null }),
  };
}

function sameElement(a: Uint8Array, b: Uint8Array, at: number, size: number): boolean {
  for (let i = at; i < at + size; i++) if (a[i] !== b[i]) return false;
  return true;
}

type ReadNumber = (bytes: Uint8Array, index: number) => number;

/** How elements are read as numbers; null if they are smaller than a byte or a double cannot hold them. */
function numberReader(dtype: DType): ReadNumber | null {
  const { bits, kind } = rowOf(dtype);
  if (bits % 8 !== 0 || kind === 'complex' || wideIntegers(dtype)) return null;
  if (kind === 'bool') return (bytes, index) => bytes[index] ?? 0;
  if (isNarrow(dtype)) {
    const values = codeValues(dtype);
    return (bytes, index) => values[codeAt(bytes, index, bits)] ?? Number.NaN;
  }
  const read = wideReader(dtype);
  return (bytes, index) =>
    Number(read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), (index * bits) / 8));
}

/** One element as text: a number, else its bytes. */
function readNumber(dtype: DType, bytes: Uint8Array, index: number): string {
  const number = numberReader(dtype)?.(bytes, index);
  if (number !== undefined) return Object.is(number, -0) ? '-0' : String(number);
  const size = Math.max(1, bitsOf(dtype) / 8);
  const own = bytes.subarray(Math.floor(index * size), Math.floor(index * size) + Math.floor(size));
  return `0x${[...own].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

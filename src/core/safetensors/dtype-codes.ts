import { type DType, rowOf } from './dtype.ts';
import type { DTypeRow, FloatRow } from './dtype-rows.ts';

/** True for formats of 16 bits and fewer: few enough codes to list what each represents. */
export function isNarrow(dtype: DType): boolean {
  return rowOf(dtype).bits <= 16;
}

const tables = new Map<DType, Float64Array>();

/** What each code of a narrow dtype represents, made once; BOOL's are 0 and 1. */
export function codeValues(dtype: DType): Float64Array {
  const known = tables.get(dtype) ?? codeNumbers(rowOf(dtype));
  tables.set(dtype, known);
  return known;
}

/**
 * What each code of a format of 16 bits and fewer represents.
 *
 * @throws RangeError for wider formats.
 */
export function codeNumbers(row: DTypeRow): Float64Array {
  if (row.bits > 16) throw new RangeError(`A format of ${row.bits} bits has too many codes to list.`);
  return Float64Array.from({ length: 2 ** row.bits }, (_, code) => numberOf(row, code));
}

function numberOf(row: DTypeRow, code: number): number {
  switch (row.kind) {
    case 'bool':
      return code === 0 ? 0 : 1;
    case 'integer':
      return row.signed && code >= 2 ** (row.bits - 1) ? code - 2 ** row.bits : code;
    case 'float':
      return floatNumber(row, code);
    case 'complex':
      throw new RangeError('Complex numbers have no list of codes.');
  }
}

function floatNumber({ bits, mantissa, bias, specials }: FloatRow, code: number): number {
  if (specials === 'power') return code === 2 ** bits - 1 ? Number.NaN : 2 ** (code - bias);
  const size = code & (2 ** (bits - 1) - 1);
  const sign = code === size ? 1 : -1;
  const exponent = size >> mantissa;
  const rest = size & (2 ** mantissa - 1);
  const highest = 2 ** (bits - 1 - mantissa) - 1;
  if (specials === 'fnuz' && sign === -1 && size === 0) return Number.NaN;
  if (specials === 'nan' && size === 2 ** (bits - 1) - 1) return Number.NaN;
  if (specials === 'ieee' && exponent === highest) return rest === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const whole = exponent === 0 ? rest : rest + 2 ** mantissa;
  return sign * whole * 2 ** (Math.max(exponent, 1) - bias - mantissa);
}

/**
 * The code of element `at`, formats below a byte packed from the lowest bit up: element n is bits n × b to (n + 1) × b − 1
 * of the bytes read as one little-endian number. The format's text does not say so; it is how torch packs
 * `float4_e2m1fn_x2` (the first element in the lower half), and the only order that six bits extend without a rule of
 * their own.
 */
export function codeAt(bytes: Uint8Array, at: number, bits: number): number {
  if (bits === 16) return (bytes[2 * at] as number) | ((bytes[2 * at + 1] as number) << 8);
  if (bits === 8) return bytes[at] as number;
  const bit = at * bits;
  const pair = (bytes[bit >> 3] as number) | ((bytes[(bit >> 3) + 1] ?? 0) << 8);
  return (pair >> (bit & 7)) & ((1 << bits) - 1);
}

/** A complex number. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** One element as it is stored, exactly: 64-bit integers as bigint, BOOL as boolean. */
export type TensorValue = number | bigint | boolean | Complex;

/** Reads the element of a dtype wider than 16 bits at byte `at`, little-endian. */
export function wideReader(dtype: DType): (view: DataView, at: number) => TensorValue {
  const row = rowOf(dtype);
  const { bits } = row;
  if (row.kind === 'complex') {
    const part = floatReader(bits / 2);
    return (view, at) => ({ re: part(view, at), im: part(view, at + bits / 16) });
  }
  if (row.kind === 'float') return floatReader(bits);
  const signed = row.kind === 'integer' && row.signed;
  if (bits === 64) return (view, at) => (signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
  return (view, at) => (signed ? view.getInt32(at, true) : view.getUint32(at, true));
}

function floatReader(bits: number): (view: DataView, at: number) => number {
  return bits === 64 ? (view, at) => view.getFloat64(at, true) : (view, at) => view.getFloat32(at, true);
}

/** Elements of a dtype wider than 16 bits as doubles, a complex one as its two parts; 64-bit integers are rounded. */
export function wideNumbers(dtype: DType): (bytes: Uint8Array) => ArrayLike<number> {
  const row = rowOf(dtype);
  const itemBytes = row.bits / (row.kind === 'complex' ? 16 : 8);
  const typed = (bytes: Uint8Array) => {
    const aligned = bytes.byteOffset % itemBytes === 0 ? bytes : bytes.slice();
    return [aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / itemBytes] as const;
  };
  if (row.kind === 'float' || row.kind === 'complex') {
    return itemBytes === 8
      ? (bytes) => new Float64Array(...typed(bytes))
      : (bytes) => new Float32Array(...typed(bytes));
  }
  const whole = wideIntegers(dtype);
  if (whole) return (bytes) => Float64Array.from(whole(bytes), Number);
  return row.kind === 'integer' && row.signed
    ? (bytes) => new Int32Array(...typed(bytes))
    : (bytes) => new Uint32Array(...typed(bytes));
}

/** Elements of an integer dtype of 64 bits, exactly; null for other dtypes. */
export function wideIntegers(dtype: DType): ((bytes: Uint8Array) => BigInt64Array | BigUint64Array) | null {
  const row = rowOf(dtype);
  if (row.kind !== 'integer' || row.bits !== 64) return null;
  const Integers = row.signed ? BigInt64Array : BigUint64Array;
  return (bytes) => {
    const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
    return new Integers(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / 8);
  };
}

import { bf16FromF32, f16FromF32 } from '../kernels/float.ts';
import { bitsOf, type DType } from '../safetensors/dtype.ts';
import { codeAt, codeValues, fromF32Bits, isNarrow, toF32Bits } from './codes.ts';

export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** One element as it is stored, exactly: 64-bit integers as bigint, BOOL as boolean. */
export type TensorValue = number | bigint | boolean | Complex;

/** Elements `from` (included) to `to` (excluded) of bytes that begin at element 0, little-endian. */
export function decodeValues(dtype: DType, bytes: Uint8Array, from: number, to: number): TensorValue[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bits = bitsOf(dtype);
  const values = isNarrow(dtype) ? codeValues(dtype) : null;
  return Array.from({ length: to - from }, (_, i) => {
    const at = from + i;
    if (values === null) return wideValue(dtype, view, (at * bits) / 8);
    const value = values[codeAt(bytes, at, bits)] as number;
    return dtype === 'BOOL' ? value !== 0 : value;
  });
}

function wideValue(dtype: DType, view: DataView, at: number): TensorValue {
  switch (dtype) {
    case 'I32':
      return view.getInt32(at, true);
    case 'U32':
      return view.getUint32(at, true);
    case 'F32':
      return view.getFloat32(at, true);
    case 'F64':
      return view.getFloat64(at, true);
    case 'I64':
      return view.getBigInt64(at, true);
    case 'U64':
      return view.getBigUint64(at, true);
    default:
      return { re: view.getFloat32(at, true), im: view.getFloat32(at + 4, true) };
  }
}

/** A value in the fewest digits that stand for it alone in its format: `0.1` for the F32 nearest to it. */
export function formatValue(dtype: DType, value: TensorValue): string {
  if (typeof value === 'object') {
    const im = formatNumber('F32', value.im);
    return `${formatNumber('F32', value.re)}${im.startsWith('-') ? '' : '+'}${im}i`;
  }
  return typeof value === 'number' ? formatNumber(dtype, value) : String(value);
}

const ROUND: Readonly<Partial<Record<DType, (value: number) => number>>> = {
  F32: Math.fround,
  BF16: (value) => fromF32Bits(bf16FromF32(toF32Bits(value)) << 16),
  F16: (value) => codeValues('F16')[f16FromF32(toF32Bits(value))] as number,
};

/** Digits that tell any two F32 apart. */
const MOST_DIGITS = 9;

function formatNumber(dtype: DType, value: number): string {
  const round = ROUND[dtype];
  if (Object.is(value, -0)) return '-0';
  if (round && Number.isFinite(value)) {
    for (let digits = 1; digits <= MOST_DIGITS; digits += 1) {
      const short = Number(value.toPrecision(digits));
      if (round(short) === value) return String(short);
    }
  }
  return String(value);
}

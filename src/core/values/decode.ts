import { FLOAT_FORMS, fromF32Bits, toF32Bits } from '../kernels/float.ts';
import { bitsOf, type DType, isFloatType, rowOf } from '../safetensors/dtype.ts';
import { codeAt, codeValues, isNarrow, type TensorValue, wideReader } from '../safetensors/dtype-codes.ts';

/** Elements `from` (included) to `to` (excluded) of bytes that begin at element 0, little-endian. */
export function decodeValues(dtype: DType, bytes: Uint8Array, from: number, to: number): TensorValue[] {
  const read = elementReader(dtype, bytes);
  return Array.from({ length: to - from }, (_, i) => read(from + i));
}

function elementReader(dtype: DType, bytes: Uint8Array): (at: number) => TensorValue {
  const bits = bitsOf(dtype);
  if (!isNarrow(dtype)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const read = wideReader(dtype);
    return (at) => read(view, (at * bits) / 8);
  }
  const values = codeValues(dtype);
  const number = (at: number) => values[codeAt(bytes, at, bits)] as number;
  return rowOf(dtype).kind === 'bool' ? (at) => number(at) !== 0 : number;
}

/** A value in the fewest digits that represent it alone in its format: `0.1` for the F32 nearest to it. */
export function formatValue(dtype: DType, value: TensorValue): string {
  const round = roundingOf(dtype);
  if (typeof value === 'object') {
    const im = formatNumber(round, value.im);
    return `${formatNumber(round, value.re)}${im.startsWith('-') ? '' : '+'}${im}i`;
  }
  return typeof value === 'number' ? formatNumber(round, value) : String(value);
}

type Round = (value: number) => number;

/** To the nearest number of a format; null where the digits of a double are the fewest, or few enough. */
function roundingOf(dtype: DType): Round | null {
  const { kind, bits } = rowOf(dtype);
  if (kind === 'complex') return bits === 64 ? Math.fround : null;
  if (!isFloatType(dtype)) return null;
  const { toF32, fromF32 } = FLOAT_FORMS[dtype];
  return (value) => fromF32Bits(toF32(fromF32(toF32Bits(value))));
}

/** Digits that tell any two F32 apart. */
const MOST_DIGITS = 9;

function formatNumber(round: Round | null, value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (round && Number.isFinite(value)) {
    for (let digits = 1; digits <= MOST_DIGITS; digits += 1) {
      const short = Number(value.toPrecision(digits));
      if (round(short) === value) return String(short);
    }
  }
  return String(value);
}

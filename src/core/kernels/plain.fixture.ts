import { type FloatType, rowOfFp8 } from '../safetensors/dtype.ts';
import { codeNumbers } from '../safetensors/dtype-codes.ts';
import type { DequantiseSpec } from './dequantise/cpu.ts';

/** Digits of the fraction, and the exponent's bias. */
const FORMATS: Readonly<Record<FloatType, readonly [number, number, number]>> = {
  F32: [23, 127, 32],
  BF16: [7, 127, 16],
  F16: [10, 15, 16],
};

/** The number that a code represents, by the definition of IEEE 754. */
export function decode(dtype: FloatType, code: number): number {
  const [fraction, bias, bits] = FORMATS[dtype];
  const sign = code >= 2 ** (bits - 1) ? -1 : 1;
  const size = code % 2 ** (bits - 1);
  const exponent = Math.floor(size / 2 ** fraction);
  const rest = size % 2 ** fraction;
  if (exponent === 2 * bias + 1) return rest === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * rest * 2 ** (1 - bias - fraction);
  return sign * (rest + 2 ** fraction) * 2 ** (exponent - bias - fraction);
}

/** The code nearest to a number, ties to even, by the definition of IEEE 754; for numbers that are some. */
export function encode(dtype: FloatType, value: number): number {
  const [fraction, bias, bits] = FORMATS[dtype];
  const sign = value < 0 || Object.is(value, -0) ? 2 ** (bits - 1) : 0;
  const size = Math.abs(value);
  const infinity = (2 * bias + 1) * 2 ** fraction;
  if (size === Number.POSITIVE_INFINITY) return sign + infinity;
  let exponent = Math.max(1 - bias, Math.floor(Math.log2(Math.max(size, 2 ** -1074))) - 1);
  while (size >= 2 ** (exponent + 1) && exponent <= bias) exponent++;
  const units = size / 2 ** (exponent - fraction);
  const floor = Math.floor(units);
  const up = units - floor > 0.5 || (units - floor === 0.5 && floor % 2 === 1);
  const whole = floor + (up ? 1 : 0);
  return sign + Math.min(infinity, (exponent + bias - 1) * 2 ** fraction + whole);
}

/** The bf16 of code × scale, by the definition: the product rounded to f32, then to bf16; NaN is 0x7fc0. */
export function bf16Product(value: number, scale: number): number {
  const product = Math.fround(value * scale);
  return Number.isNaN(product) ? 0x7fc0 : encode('BF16', product);
}

/** What the dequantise kernel has to make, one number at a time. `scales`: f32 bits, for MXFP4 e8m0 bytes. */
export function dequantisePlainly(
  spec: DequantiseSpec,
  codes: Uint8Array,
  scales: Uint32Array | Uint8Array,
): Uint16Array {
  if (spec.format === 'mxfp4') {
    const sizes = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
    return Uint16Array.from({ length: 32 * spec.groups }, (_, i) => {
      const code = ((codes[i >> 1] ?? 0) >> (4 * (i % 2))) & 15;
      const scale = scales[i >> 5] ?? 0;
      if (scale === 255) return 0x7fc0;
      return encode('BF16', (sizes[code % 8] ?? 0) * (code < 8 ? 1 : -1) * 2 ** (scale - 127));
    });
  }
  const { rows, columns, blockRows, blockColumns } = spec;
  const values = codeNumbers(rowOfFp8(spec.format));
  const [down, across] = [Math.ceil(rows / blockRows), Math.ceil(columns / blockColumns)];
  return Uint16Array.from({ length: spec.batch * rows * columns }, (_, i) => {
    const [column, row, matrix] = [i % columns, Math.floor(i / columns) % rows, Math.floor(i / columns / rows)];
    const block = (matrix * down + Math.floor(row / blockRows)) * across + Math.floor(column / blockColumns);
    return bf16Product(values[codes[i] ?? 0] ?? 0, decode('F32', scales[block] ?? 0));
  });
}

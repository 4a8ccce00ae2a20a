import type { FloatType } from '../safetensors/dtype.ts';

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

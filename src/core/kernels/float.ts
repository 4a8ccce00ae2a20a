import { bitsOf, type FloatType } from '../safetensors/dtype.ts';
import { words16, words32 } from './word-views.ts';

/** Bytes of one number. */
export function floatBytes(dtype: FloatType): 2 | 4 {
  return bitsOf(dtype) === 32 ? 4 : 2;
}

/** The bytes of numbers as words, one a number (little endian). */
export function floatWords(dtype: FloatType, bytes: Uint8Array): Uint16Array | Uint32Array {
  return floatBytes(dtype) === 4 ? words32(bytes) : words16(bytes);
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The number that 32 bits are as f32. */
export function fromF32Bits(bits: number): number {
  word[0] = bits;
  return float[0] as number;
}

/** The bits of the f32 nearest to a number. */
export function toF32Bits(value: number): number {
  float[0] = value;
  return word[0] as number;
}

/**
 * Bits of an f32 as bf16, to nearest, ties to even. A NaN stays one: its sign and upper payload are kept, and it becomes
 * quiet, so that no payload is cut down to infinity.
 */
export function bf16FromF32(bits: number): number {
  if ((bits & 0x7fffffff) >>> 0 > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits >>> 0) + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** Bits of an f32 as f16, to nearest, ties to even, past 65504 infinity; NaN as in {@link bf16FromF32}. */
export function f16FromF32(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00 | ((size >>> 13) & 0x3ff);
  if (size >= 0x47800000) return sign | 0x7c00;
  if (size >= 0x38800000) {
    const moved = size - 0x38000000;
    return sign | ((moved + 0xfff + ((moved >>> 13) & 1)) >>> 13);
  }
  if (size < 0x33000000) return sign;
  const shift = 126 - (size >>> 23);
  const whole = (size & 0x7fffff) | 0x800000;
  return sign | ((whole + (1 << (shift - 1)) - 1 + ((whole >>> shift) & 1)) >>> shift);
}

/** Bits of an f16 as f32: exact, payloads of NaN included. */
export function f32FromF16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const size = half & 0x7fff;
  if (size >= 0x7c00) return (sign | 0x7f800000 | ((size & 0x3ff) << 13)) >>> 0;
  if (size >= 0x400) return (sign | ((size << 13) + 0x38000000)) >>> 0;
  if (size === 0) return sign >>> 0;
  const top = 31 - Math.clz32(size);
  return (sign | ((top + 103) << 23) | ((size << (23 - top)) & 0x7fffff)) >>> 0;
}

const tables = new Map<string, Uint32Array>();

/** Every 16-bit code of one format as what `convert` makes of it; made once for each `key`. */
export function tableOf(key: string, convert: (code: number) => number): Uint32Array {
  const known = tables.get(key) ?? Uint32Array.from({ length: 65536 }, (_, code) => convert(code));
  tables.set(key, known);
  return known;
}

/** f32 bits of every f16 code. */
export const f16Table = () => tableOf('F16 F32', f32FromF16);

/** The CPU form of a number format: to f32, exactly, and back, to nearest, ties to even. */
export interface FloatForm {
  /** f32 bits of a code. */
  readonly toF32: (code: number) => number;
  /** Code of the number nearest to an f32. */
  readonly fromF32: (bits: number) => number;
  /** Writes the f32 bits of `count` codes from `start` on. */
  readonly load: (codes: Uint16Array | Uint32Array, start: number, count: number, bits: Uint32Array) => void;
}

/** The CPU forms of the formats that kernels compute with. */
export const FLOAT_FORMS: Readonly<Record<FloatType, FloatForm>> = {
  F32: {
    toF32: (code) => code,
    fromF32: (bits) => bits,
    load: (codes, start, count, bits) => bits.set(codes.subarray(start, start + count)),
  },
  BF16: {
    toF32: (code) => (code << 16) >>> 0,
    fromF32: bf16FromF32,
    load: (codes, start, count, bits) => {
      for (let i = 0; i < count; i++) bits[i] = (codes[start + i] as number) << 16;
    },
  },
  F16: {
    toF32: f32FromF16,
    fromF32: f16FromF32,
    load: (codes, start, count, bits) => {
      const table = f16Table();
      for (let i = 0; i < count; i++) bits[i] = table[codes[start + i] as number] as number;
    },
  },
};

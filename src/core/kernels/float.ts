import type { DType } from '../safetensors/dtype.ts';

/** Number formats that kernels compute with. */
export type FloatType = Extract<DType, 'F32' | 'BF16' | 'F16'>;

export function isFloatType(dtype: DType): dtype is FloatType {
  return dtype === 'F32' || dtype === 'BF16' || dtype === 'F16';
}

export function floatBytes(dtype: FloatType): 2 | 4 {
  return dtype === 'F32' ? 4 : 2;
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

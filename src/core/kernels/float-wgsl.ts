import type { FloatType } from '../safetensors/dtype.ts';

/** The twins in WGSL of the conversions in float.ts; no step has a denormal f32, which devices may flush. */
export const FLOAT_WGSL = `
fn bf16_from_f32(bits: u32) -> u32 {
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return (bits >> 16u) | 0x40u; }
  return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
}
fn f16_from_f32(bits: u32) -> u32 {
  let sign = (bits >> 16u) & 0x8000u;
  let size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) { return sign | 0x7e00u | ((size >> 13u) & 0x3ffu); }
  if (size >= 0x47800000u) { return sign | 0x7c00u; }
  if (size >= 0x38800000u) {
    let moved = size - 0x38000000u;
    return sign | ((moved + 0xfffu + ((moved >> 13u) & 1u)) >> 13u);
  }
  if (size < 0x33000000u) { return sign; }
  let shift = 126u - (size >> 23u);
  let whole = (size & 0x7fffffu) | 0x800000u;
  return sign | ((whole + (1u << (shift - 1u)) - 1u + ((whole >> shift) & 1u)) >> shift);
}
fn f32_from_bf16(code: u32) -> u32 {
  return code << 16u;
}
fn f32_from_f16(half: u32) -> u32 {
  let size = half & 0x7fffu;
  let moved = size << 13u;
  // Below 2^-14, where f16 has its denormals, y is halfway between 2^-14 and the number; above, y is the number. All of
  // it is exact in normal f32.
  let y = bitcast<f32>(moved + 0x38000000u);
  let number = y - saturate(6.103515625e-05 - y);
  return select(bitcast<u32>(number), moved + 0x70000000u, size >= 0x7c00u) | ((half & 0x8000u) << 16u);
}`;

/** The functions above that widen a format's codes to f32 bits and narrow them back; empty where nothing is to be done. */
export const FLOAT_NAMES_WGSL: Readonly<Record<FloatType, { readonly toF32: string; readonly fromF32: string }>> = {
  F32: { toF32: '', fromF32: '' },
  BF16: { toF32: 'f32_from_bf16', fromF32: 'bf16_from_f32' },
  F16: { toF32: 'f32_from_f16', fromF32: 'f16_from_f32' },
};

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
  let moved = (size << 13u) + select(0x38000000u, 0x70000000u, size >= 0x7c00u);
  // Denormals of f16: 2^-14 + size, less 2^-14. Both are normal f32, and the difference is exact.
  let small = bitcast<f32>(moved + 0x00800000u) - 6.103515625e-05;
  return select(moved, bitcast<u32>(small), size < 0x400u) | ((half & 0x8000u) << 16u);
}`;

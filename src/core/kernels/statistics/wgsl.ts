import type { FloatType } from '../float.ts';
import { FLOAT_WGSL } from '../float-wgsl.ts';
import { buildShader, shaderCache } from '../shader.ts';
import { GROUP, type Shader } from '../tile.ts';
import { CHUNK, HUGE_BITS, RECORD, TINY_BITS } from './cpu.ts';

const shaders = shaderCache((key) => build(key, key.split(' ')[1] as FloatType));

/** A workgroup a chunk; eight numbers a thread at a time, in whole vectors. */
export function statisticsShader(dtype: FloatType): Shader {
  return shaders(`statistics ${dtype}`);
}

/** `even` and `odd`: f32 bits of numbers 0, 2, 4, 6 and 1, 3, 5, 7 of the group that starts at element `e`. */
const LOADS: Readonly<Record<FloatType, string>> = {
  BF16: `
      let w = in0[(base + e) / 8u];
      var even = w << vec4<u32>(16u);
      var odd = w & vec4<u32>(0xffff0000u);`,
  F16: `
      let w = in0[(base + e) / 8u];
      var even = from_f16(w & vec4<u32>(0xffffu));
      var odd = from_f16(w >> vec4<u32>(16u));`,
  F32: `
      let v = in0[(base + e) / 4u];
      let w = in0[(base + e) / 4u + 1u];
      var even = vec4<u32>(v.x, v.z, w.x, w.z);
      var odd = vec4<u32>(v.y, v.w, w.y, w.w);`,
};

/** Squares, rounded at most once: exact for 16-bit formats. */
const SQUARES: Readonly<Record<'exact' | 'split', string>> = {
  exact: 'fn square(x: vec4<f32>) -> vec4<f32> { return x * x; }',
  split: `
fn square(x: vec4<f32>) -> vec4<f32> {
  let h = bitcast<vec4<f32>>(bitcast<vec4<u32>>(x) & vec4<u32>(0xfffff000u));
  return h * h + (2.0 * h) * (x - h);
}`,
};

function build(key: string, dtype: FloatType): Shader {
  return buildShader({
    key,
    params: ['chunks', 'per_segment', 'count', 'stride'],
    inputs: ['vec4<u32>'],
    output: 'u32',
    globals: `${FLOAT_WGSL}
${SQUARES[dtype === 'F32' ? 'split' : 'exact']}
${GLOBALS}`,
    main: `
  if (block >= p.chunks) { return; }
  let base = (block / p.per_segment) * p.stride;
  let first = (block % p.per_segment) * ${CHUNK}u;
  let end = min(p.count, first + ${CHUNK}u);
  var sum = 0.0;
  var sum_of_squares = 0.0;
  var largest = 0u;
  for (var e = first + lane * 8u; e < end; e += ${GROUP * 8}u) {
${LOADS[dtype]}
      let even_size = even & vec4<u32>(0x7fffffffu);
      let odd_size = odd & vec4<u32>(0x7fffffffu);
      let low = min(even_size, odd_size);
      let high = max(even_size, odd_size);
      let lowest = min(min(low.x, low.y), min(low.z, low.w));
      let highest = max(max(high.x, high.y), max(high.z, high.w));
      if (lowest < ${TINY_BITS}u || highest >= ${HUGE_BITS}u || e + 8u > end) {
        largest = max(largest, max(tally(even_size, e, end), tally(odd_size, e + 1u, end)));
        even = even & plain(even_size, e, end);
        odd = odd & plain(odd_size, e + 1u, end);
      } else {
        largest = max(largest, highest);
      }
      let a = bitcast<vec4<f32>>(even);
      let b = bitcast<vec4<f32>>(odd);
      let pairs = a + b;
      sum = sum + ((pairs.x + pairs.y) + (pairs.z + pairs.w));
      let squares = square(a) + square(b);
      sum_of_squares = sum_of_squares + ((squares.x + squares.y) + (squares.z + squares.w));
  }
  sums[lane] = sum;
  squares_of[lane] = sum_of_squares;
  atomicMax(&counts[0], largest);
  workgroupBarrier();
  for (var width = ${GROUP / 2}u; width > 0u; width = width / 2u) {
    if (lane < width) {
      sums[lane] = sums[lane] + sums[lane + width];
      squares_of[lane] = squares_of[lane] + squares_of[lane + width];
    }
    workgroupBarrier();
  }
  let at = block * ${RECORD}u + lane;
  if (lane == 0u) { result[at] = bitcast<u32>(sums[0]); }
  if (lane == 1u) { result[at] = bitcast<u32>(squares_of[0]); }
  if (lane >= 2u && lane < 7u) { result[at] = atomicLoad(&counts[lane - 2u]); }
  if (lane == 7u) { result[at] = 0u; }`,
  });
}

const GLOBALS = `
var<workgroup> sums: array<f32, ${GROUP}>;
var<workgroup> squares_of: array<f32, ${GROUP}>;
/** Largest size, zeros, NaN, infinities, huge. */
var<workgroup> counts: array<atomic<u32>, 5>;

fn from_f16(codes: vec4<u32>) -> vec4<u32> {
  return vec4<u32>(f32_from_f16(codes.x), f32_from_f16(codes.y), f32_from_f16(codes.z), f32_from_f16(codes.w));
}
/** Elements e, e + 2, e + 4 and e + 6 that lie before the end. */
fn there(e: u32, end: u32) -> vec4<bool> {
  return vec4<u32>(e, e + 2u, e + 4u, e + 6u) < vec4<u32>(end);
}
/** All ones where a number takes part in the sums. */
fn plain(size: vec4<u32>, e: u32, end: u32) -> vec4<u32> {
  let taken = there(e, end) & (size >= vec4<u32>(${TINY_BITS}u)) & (size < vec4<u32>(${HUGE_BITS}u));
  return select(vec4<u32>(0u), vec4<u32>(0xffffffffu), taken);
}
fn add(field: u32, which: vec4<bool>) {
  let ones = select(vec4<u32>(0u), vec4<u32>(1u), which);
  let some = ones.x + ones.y + ones.z + ones.w;
  if (some > 0u) { atomicAdd(&counts[field], some); }
}
/** Counts what is not plain; gives the largest finite size. */
fn tally(size: vec4<u32>, e: u32, end: u32) -> u32 {
  let here = there(e, end);
  let infinity = vec4<u32>(0x7f800000u);
  let finite = here & (size < infinity);
  add(1u, here & (size == vec4<u32>(0u)));
  add(2u, here & (size > infinity));
  add(3u, here & (size == infinity));
  add(4u, finite & (size >= vec4<u32>(${HUGE_BITS}u)));
  let sizes = select(vec4<u32>(0u), size, finite);
  return max(max(sizes.x, sizes.y), max(sizes.z, sizes.w));
}`;

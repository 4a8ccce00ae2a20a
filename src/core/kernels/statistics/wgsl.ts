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

/** Groups whose loads are under way together: a thread has eight in a whole chunk. */
const AHEAD = 4;

/** Loads of group `k`, which starts at element `e + k * STRIDE`. */
function load(dtype: FloatType, k: number): string {
  const at = `(base + e + ${k * GROUP * 8}u)`;
  if (dtype !== 'F32') return `    let w${k} = in0[${at} / 8u];`;
  return `    let v${k} = in0[${at} / 4u]; let w${k} = in0[${at} / 4u + 1u];`;
}

/** f32 bits of a group's numbers 0, 2, 4, 6 and 1, 3, 5, 7. */
const HALVES: Readonly<Record<FloatType, (k: number) => string>> = {
  BF16: (k) => `w${k} << vec4<u32>(16u), w${k} & vec4<u32>(0xffff0000u)`,
  F16: (k) => `from_f16(w${k} & vec4<u32>(0xffffu)), from_f16(w${k} >> vec4<u32>(16u))`,
  F32: (k) => `vec4<u32>(v${k}.x, v${k}.z, w${k}.x, w${k}.z), vec4<u32>(v${k}.y, v${k}.w, w${k}.y, w${k}.w)`,
};

function step(dtype: FloatType): string {
  const all = Array.from({ length: AHEAD }, (_, k) => k);
  const takes = all.map((k) => {
    const at = `e + ${k * GROUP * 8}u`;
    return `    if (${at} < end) { take(${HALVES[dtype](k)}, ${at}, end); }`;
  });
  return [...all.map((k) => load(dtype, k)), ...takes].join('\n');
}

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
  for (var e = first + lane * 8u; e < end; e += ${AHEAD * GROUP * 8}u) {
${step(dtype)}
  }
  sums[lane] = sum;
  squares_of[lane] = sum_of_squares;
  atomicMax(&counts[0], largest);
  if (any(counted != vec4<u32>(0u))) {
    atomicAdd(&counts[1], counted.x);
    atomicAdd(&counts[2], counted.y);
    atomicAdd(&counts[3], counted.z);
    atomicAdd(&counts[4], counted.w);
  }
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

var<private> sum: f32;
var<private> sum_of_squares: f32;
var<private> largest: u32;
/** Zeros, NaN, infinities, huge. */
var<private> counted: vec4<u32>;

/** Adds a group of eight, in the order that the CPU form states. */
fn take(even_bits: vec4<u32>, odd_bits: vec4<u32>, e: u32, end: u32) {
  var even = even_bits;
  var odd = odd_bits;
  let even_size = even & vec4<u32>(0x7fffffffu);
  let odd_size = odd & vec4<u32>(0x7fffffffu);
  let low = min(even_size, odd_size);
  let high = max(even_size, odd_size);
  let lowest = min(min(low.x, low.y), min(low.z, low.w));
  let highest = max(max(high.x, high.y), max(high.z, high.w));
  if (lowest < ${TINY_BITS}u || highest >= ${HUGE_BITS}u || e + 8u > end) {
    counted += tally(even_size, e, end) + tally(odd_size, e + 1u, end);
    largest = max(largest, max(finite(even_size, e, end), finite(odd_size, e + 1u, end)));
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
fn how_many(which: vec4<bool>) -> u32 {
  let ones = select(vec4<u32>(0u), vec4<u32>(1u), which);
  return ones.x + ones.y + ones.z + ones.w;
}
/** Zeros, NaN, infinities, huge. */
fn tally(size: vec4<u32>, e: u32, end: u32) -> vec4<u32> {
  let here = there(e, end);
  let infinity = vec4<u32>(0x7f800000u);
  return vec4<u32>(
    how_many(here & (size == vec4<u32>(0u))),
    how_many(here & (size > infinity)),
    how_many(here & (size == infinity)),
    how_many(here & (size < infinity) & (size >= vec4<u32>(${HUGE_BITS}u))),
  );
}
/** The largest finite size. */
fn finite(size: vec4<u32>, e: u32, end: u32) -> u32 {
  let sizes = select(vec4<u32>(0u), size, there(e, end) & (size < vec4<u32>(0x7f800000u)));
  return max(max(sizes.x, sizes.y), max(sizes.z, sizes.w));
}`;

import type { FloatType } from '../../safetensors/dtype.ts';
import { floatBytes } from '../float.ts';
import { buildShader, shaderCache } from '../shader.ts';
import { GROUP, type Shader } from '../tile.ts';
import { CHUNK, HUGE_BITS, RECORD, TINY_BITS } from './cpu.ts';

const shaders = shaderCache((key) => build(key, key.split(' ')[1] as FloatType));

/** A workgroup a chunk; eight numbers a thread at a time, in whole vectors. */
export function statisticsShader(dtype: FloatType): Shader {
  return shaders(`statistics ${dtype}`);
}

/**
 * Groups whose loads are under way together; a thread has eight groups in a whole chunk. More of them would need so many
 * registers that fewer workgroups fit a processor.
 */
const AHEAD = 4;

/** Loads of group `k`, which starts at element `e + k * STRIDE`. */
function load(dtype: FloatType, k: number): string {
  const at = `(base + e + ${k * GROUP * 8}u)`;
  if (floatBytes(dtype) === 2) return `    let w${k} = in0[${at} / 8u];`;
  return `    let v${k} = in0[${at} / 4u]; let w${k} = in0[${at} / 4u + 1u];`;
}

/**
 * What a format's codes are computed as: words of which `size_of()` grows with the number's size, and which `number()` makes
 * numbers of, with signs from the uppermost bits of other words where it needs them.
 */
interface Form {
  /** Words of numbers 0, 2, 4, 6 and of 1, 3, 5, 7 of group `k`, and the signs of both. */
  readonly halves: (k: number) => string;
  /** Words of 0, of the least number that is not tiny, the first that is huge, and infinity. */
  readonly zero: number;
  readonly tiny: number;
  readonly huge: number;
  readonly infinity: number;
  /** What turns a sum, a sum of squares, and the largest word into f32 bits. */
  readonly sum: (value: string) => string;
  readonly squares: (value: string) => string;
  readonly largest: (word: string) => string;
  readonly code: string;
  /** The word of a code without its sign that is the upper half of a u32. */
  readonly word: (upper: string) => string;
}

const bitsOf = (value: string) => `bitcast<u32>(${value})`;

const PLAIN = {
  zero: 0,
  tiny: TINY_BITS,
  huge: HUGE_BITS,
  infinity: 0x7f800000,
  sum: bitsOf,
  squares: bitsOf,
  largest: (word: string) => word,
  word: (upper: string) => `(${upper} & 0xffff0000u)`,
};
const BITS = `
fn size_of(bits: vec4<u32>) -> vec4<u32> { return bits & vec4<u32>(0x7fffffffu); }
fn number(bits: vec4<u32>, sign: vec4<u32>) -> vec4<f32> { return bitcast<vec4<f32>>(bits); }`;
const SQUARE = 'fn square(x: vec4<f32>) -> vec4<f32> { return x * x; }';

/** f16's denormals have this exponent, normal numbers those that follow. */
const HALF = 0x30000000;

const FORMS: Readonly<Record<FloatType, Form>> = {
  BF16: {
    ...PLAIN,
    halves: (k) => `w${k} << vec4<u32>(16u), w${k} & vec4<u32>(0xffff0000u), w${k}, w${k}`,
    code: `${BITS}\n${SQUARE}`,
  },
  F16: {
    halves: (k) => `spread(w${k} << vec4<u32>(13u)), spread(w${k} >> vec4<u32>(3u)), w${k} << vec4<u32>(16u), w${k}`,
    zero: HALF,
    tiny: HALF + 1,
    huge: HALF + (0x7c00 << 13),
    infinity: HALF + (0x7c00 << 13),
    word: (upper) => `(((${upper} >> 16u) << 13u) | ${HALF}u)`,
    sum: (value) => bitsOf(`${value} * ${2 ** 16}.0`),
    squares: (value) => bitsOf(`${value} * ${2 ** 32}.0`),
    largest: (word) => bitsOf(`number(vec4<u32>(${word}), vec4<u32>(0u)).x * ${2 ** 16}.0`),
    code: `${SQUARE}
/** f16's exponent and fraction where f32 has them: without the sign, a normal number's 2^-16th. */
fn spread(moved: vec4<u32>) -> vec4<u32> { return (moved & vec4<u32>(0x0fffe000u)) | vec4<u32>(${HALF}u); }
fn size_of(bits: vec4<u32>) -> vec4<u32> { return bits; }
/** A denormal's word is halfway between its number and the least normal one; below, that much is taken off. All exact. */
fn number(bits: vec4<u32>, sign: vec4<u32>) -> vec4<f32> {
  let y = bitcast<vec4<f32>>(bits);
  let x = y - saturate(vec4<f32>(9.31322574615478515625e-10) - y);
  return bitcast<vec4<f32>>(bitcast<vec4<u32>>(x) | (sign & vec4<u32>(0x80000000u)));
}`,
  },
  F32: {
    ...PLAIN,
    halves: (k) =>
      `vec4<u32>(v${k}.x, v${k}.z, w${k}.x, w${k}.z), vec4<u32>(v${k}.y, v${k}.w, w${k}.y, w${k}.w), w${k}, w${k}`,
    code: `${BITS}
/** Two exact products, rounded once. */
fn square(x: vec4<f32>) -> vec4<f32> {
  let h = bitcast<vec4<f32>>(bitcast<vec4<u32>>(x) & vec4<u32>(0xfffff000u));
  return h * h + (2.0 * h) * (x - h);
}`,
  },
};

function step(dtype: FloatType): string {
  return floatBytes(dtype) === 2 ? stepOfPairs(dtype) : stepOfGroups(dtype);
}

/**
 * Groups of 16-bit numbers, whose codes are looked at as they are stored: almost always none of them is zero, huge, infinite
 * or NaN, and then all are added without another look.
 */
function stepOfPairs(dtype: FloatType): string {
  const { halves, tiny, huge, word } = FORMS[dtype];
  const all = Array.from({ length: AHEAD }, (_, k) => k);
  const looks = all.map((k) => `    look(w${k});`);
  return `
${all.map((k) => load(dtype, k)).join('\n')}
    lowest = vec4<u32>(0xffffffffu);
    highest = vec4<u32>(0u);
${looks.join('\n')}
    let low = ${word('min(min(lowest.x, lowest.y), min(lowest.z, lowest.w))')};
    let high = ${word('max(max(highest.x, highest.y), max(highest.z, highest.w))')};
    if (low >= ${tiny}u && high < ${huge}u && e + ${((AHEAD - 1) * GROUP + 1) * 8}u <= end) {
      largest = max(largest, high);
${all.map((k) => `      add(${halves(k)});`).join('\n')}
    } else {
      for (var k = 0u; k < ${AHEAD}u; k++) {
        let at = e + k * ${GROUP * 8}u;
        if (at < end) {
          let w0 = in0[(base + at) / 8u];
          take(${halves(0)}, at, end);
        }
      }
    }`;
}

function stepOfGroups(dtype: FloatType): string {
  const all = Array.from({ length: AHEAD }, (_, k) => k);
  const takes = all.map((k) => {
    const at = `e + ${k * GROUP * 8}u`;
    return `    if (${at} < end) { take(${FORMS[dtype].halves(k)}, ${at}, end); }`;
  });
  return [...all.map((k) => load(dtype, k)), ...takes].join('\n');
}

function build(key: string, dtype: FloatType): Shader {
  const form = FORMS[dtype];
  return buildShader({
    key,
    params: ['chunks', 'per_segment', 'count', 'stride'],
    inputs: ['vec4<u32>'],
    output: 'u32',
    globals: `${form.code}\n${globals(form)}`,
    main: `
  if (block >= p.chunks) { return; }
  let base = (block / p.per_segment) * p.stride;
  let first = (block % p.per_segment) * ${CHUNK}u;
  let end = min(p.count, first + ${CHUNK}u);
  for (var e = first + lane * 8u; e < end; e += ${AHEAD * GROUP * 8}u) {
${step(dtype)}
  }
  partial[lane] = sum;
  partial[lane + ${GROUP}u] = sum_of_squares;
  sizes[lane] = largest;
  if (any(counted != vec4<u32>(0u))) {
    atomicAdd(&counts[0], counted.x);
    atomicAdd(&counts[1], counted.y);
    atomicAdd(&counts[2], counted.z);
    atomicAdd(&counts[3], counted.w);
  }
  workgroupBarrier();
  let column = lane / 32u;
  if (column < 2u) { join_eight(column * ${GROUP}u + lane % 32u, 32u); }
  if (column == 2u) { largest_of_eight(lane % 32u, 32u); }
  workgroupBarrier();
  if (column < 2u && lane % 32u < 4u) { join_eight(column * ${GROUP}u + lane % 32u, 4u); }
  if (column == 2u && lane % 32u < 4u) { largest_of_eight(lane % 32u, 4u); }
  workgroupBarrier();
  let at = block * ${RECORD}u;
  if (lane == 0u) { result[at] = ${form.sum('join_four(0u)')}; }
  if (lane == 32u) { result[at + 1u] = ${form.squares(`join_four(${GROUP}u)`)}; }
  if (lane == 64u) {
    let most = max(max(sizes[0], sizes[1]), max(sizes[2], sizes[3]));
    result[at + 2u] = ${form.largest('most')};
  }
  if (lane >= 96u && lane < 100u) { result[at + lane - 93u] = atomicLoad(&counts[lane - 96u]); }
  if (lane == 128u) { result[at + 7u] = 0u; }`,
  });
}

const globals = ({ zero, tiny, huge, infinity }: Form) => `
/** Sums of the lanes, then their sums of squares. */
var<workgroup> partial: array<f32, ${2 * GROUP}>;
var<workgroup> sizes: array<u32, ${GROUP}>;
/** Zeros, NaN, infinities, huge. */
var<workgroup> counts: array<atomic<u32>, 4>;

/** Adds lanes l and l + h for h = 4, 2 and 1 times \`apart\`. */
fn join_eight(l: u32, apart: u32) {
  let a = partial[l] + partial[l + 4u * apart];
  let b = partial[l + apart] + partial[l + 5u * apart];
  let c = partial[l + 2u * apart] + partial[l + 6u * apart];
  let d = partial[l + 3u * apart] + partial[l + 7u * apart];
  partial[l] = (a + c) + (b + d);
}
fn join_four(l: u32) -> f32 {
  return (partial[l] + partial[l + 2u]) + (partial[l + 1u] + partial[l + 3u]);
}
fn largest_of_eight(l: u32, apart: u32) {
  var most = sizes[l];
  for (var k = 1u; k < 8u; k++) { most = max(most, sizes[l + k * apart]); }
  sizes[l] = most;
}

var<private> sum: f32;
var<private> sum_of_squares: f32;
var<private> largest: u32 = ${zero}u;
/** Zeros, NaN, infinities, huge. */
var<private> counted: vec4<u32>;
/** The upper halves are the least and the largest code of the groups of a step, without signs. */
var<private> lowest: vec4<u32>;
var<private> highest: vec4<u32>;

fn look(w: vec4<u32>) {
  let odd = w & vec4<u32>(0x7fff7fffu);
  let even = odd << vec4<u32>(16u);
  lowest = min(lowest, min(odd, even));
  highest = max(highest, max(odd, even));
}

/** Adds a group of eight numbers, none of them tiny or huge. */
fn add(even: vec4<u32>, odd: vec4<u32>, even_sign: vec4<u32>, odd_sign: vec4<u32>) {
  let a = number(even, even_sign);
  let b = number(odd, odd_sign);
  let pairs = a + b;
  sum = sum + ((pairs.x + pairs.y) + (pairs.z + pairs.w));
  let squares = square(a) + square(b);
  sum_of_squares = sum_of_squares + ((squares.x + squares.y) + (squares.z + squares.w));
}

/** Adds a group of eight, in the order that the CPU form states. */
fn take(even_bits: vec4<u32>, odd_bits: vec4<u32>, even_sign: vec4<u32>, odd_sign: vec4<u32>, e: u32, end: u32) {
  var even = even_bits;
  var odd = odd_bits;
  let even_size = size_of(even);
  let odd_size = size_of(odd);
  let low = min(even_size, odd_size);
  let high = max(even_size, odd_size);
  let lowest = min(min(low.x, low.y), min(low.z, low.w));
  let highest = max(max(high.x, high.y), max(high.z, high.w));
  if (lowest < ${tiny}u || highest >= ${huge}u || e + 8u > end) {
    counted += tally(even_size, e, end) + tally(odd_size, e + 1u, end);
    largest = max(largest, max(finite(even_size, e, end), finite(odd_size, e + 1u, end)));
    even = select(vec4<u32>(${zero}u), even, plain(even_size, e, end));
    odd = select(vec4<u32>(${zero}u), odd, plain(odd_size, e + 1u, end));
  } else {
    largest = max(largest, highest);
  }
  add(even, odd, even_sign, odd_sign);
}
/** Elements e, e + 2, e + 4 and e + 6 that lie before the end. */
fn there(e: u32, end: u32) -> vec4<bool> {
  return vec4<u32>(e, e + 2u, e + 4u, e + 6u) < vec4<u32>(end);
}
/** Which numbers take part in the sums. */
fn plain(size: vec4<u32>, e: u32, end: u32) -> vec4<bool> {
  return there(e, end) & (size >= vec4<u32>(${tiny}u)) & (size < vec4<u32>(${huge}u));
}
fn how_many(which: vec4<bool>) -> u32 {
  let ones = select(vec4<u32>(0u), vec4<u32>(1u), which);
  return ones.x + ones.y + ones.z + ones.w;
}
/** Zeros, NaN, infinities, huge. */
fn tally(size: vec4<u32>, e: u32, end: u32) -> vec4<u32> {
  let here = there(e, end);
  let infinity = vec4<u32>(${infinity}u);
  return vec4<u32>(
    how_many(here & (size == vec4<u32>(${zero}u))),
    how_many(here & (size > infinity)),
    how_many(here & (size == infinity)),
    how_many(here & (size < infinity) & (size >= vec4<u32>(${huge}u))),
  );
}
/** The largest finite size. */
fn finite(size: vec4<u32>, e: u32, end: u32) -> u32 {
  let kept = select(vec4<u32>(${zero}u), size, there(e, end) & (size < vec4<u32>(${infinity}u)));
  return max(max(kept.x, kept.y), max(kept.z, kept.w));
}`;

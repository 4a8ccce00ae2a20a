import type { FloatType } from '../../safetensors/dtype.ts';
import { floatBytes } from '../float.ts';
import { FLOAT_NAMES_WGSL, FLOAT_WGSL } from '../float-wgsl.ts';
import { buildShader, shaderCache } from '../shader.ts';
import type { Shader } from '../tile.ts';

/** Numbers that one thread converts: a whole vector of the narrower side, at most. */
export function perThread(from: FloatType, to: FloatType): number {
  return isPairs(from, to) ? 8 : 4;
}

const isPairs = (from: FloatType, to: FloatType) => floatBytes(from) === 2 && floatBytes(to) === 2;

const shaders = shaderCache((key) => {
  const [, from, to] = key.split(' ') as [string, FloatType, FloatType];
  return build(key, from, to);
});

/** Whole vectors on both sides: eight numbers a thread where both have 16 bits, else four. */
export function castShader(from: FloatType, to: FloatType): Shader {
  return shaders(`cast ${from} ${to}`);
}

const isWord = (dtype: FloatType) => floatBytes(dtype) === 4;

function build(key: string, from: FloatType, to: FloatType): Shader {
  if (isPairs(from, to)) return buildPairs(key, from, to);
  const type = (dtype: FloatType) => (isWord(dtype) ? 'vec4<u32>' : 'vec2<u32>');
  return buildShader({
    key,
    params: ['fours'],
    inputs: [type(from)],
    output: type(to),
    globals: FLOAT_WGSL,
    main: `
  if (thread >= p.fours) { return; }
  let w = in0[thread];
  ${from === to ? 'result[thread] = w;' : convert(from, to)}`,
  });
}

/** 16 bits to 16 bits, a vector of four pairs at a time; by way of the general functions where one of its codes is special. */
function buildPairs(key: string, from: FloatType, to: FloatType): Shader {
  const pair = (word: string) => convertPair(from, to, word);
  return buildShader({
    key,
    params: ['count'],
    inputs: ['vec4<u32>'],
    output: 'vec4<u32>',
    globals: FLOAT_WGSL + PAIRS,
    main:
      from === to
        ? '  if (thread < p.count) { result[thread] = in0[thread]; }'
        : `
  if (thread >= p.count) { return; }
  let w = in0[thread];
  let over = (w & vec4<u32>(0x7fff7fffu)) + vec4<u32>(${from === 'F16' ? '0x04000400u' : '0x38803880u'});
  if ((((over.x | over.y) | (over.z | over.w)) & 0x80008000u) == 0u) {
    result[thread] = ${from === 'F16' ? 'bf16_of_halves(w)' : 'halves_of_bf16(w)'};
  } else {
    result[thread] = vec4<u32>(${['w.x', 'w.y', 'w.z', 'w.w'].map(pair).join(', ')});
  }`,
  });
}

function convertPair(from: FloatType, to: FloatType, word: string): string {
  const one = (code: string) => `${FLOAT_NAMES_WGSL[to].fromF32}(${FLOAT_NAMES_WGSL[from].toF32}(${code}))`;
  return `${one(`${word} & 0xffffu`)} | (${one(`${word} >> 16u`)} << 16u)`;
}

const PAIRS = `
/** f16's exponent and fraction where f32 has them, as the number's 2^-16th; no infinity, no NaN. Every step is exact. */
fn wide_of_halves(moved: vec4<u32>) -> vec4<u32> {
  let y = bitcast<vec4<f32>>((moved & vec4<u32>(0x0fffe000u)) | vec4<u32>(0x30000000u));
  return bitcast<vec4<u32>>((y - saturate(vec4<f32>(9.31322574615478515625e-10) - y)) * 65536.0);
}
fn rounded(bits: vec4<u32>) -> vec4<u32> {
  return bits + vec4<u32>(0x7fffu) + ((bits >> vec4<u32>(16u)) & vec4<u32>(1u));
}
fn bf16_of_halves(w: vec4<u32>) -> vec4<u32> {
  let low = rounded(wide_of_halves(w << vec4<u32>(13u)));
  let high = rounded(wide_of_halves(w >> vec4<u32>(3u)));
  return (low >> vec4<u32>(16u)) | (high & vec4<u32>(0xffff0000u)) | (w & vec4<u32>(0x80008000u));
}
/** f16 codes of f32 sizes below 2^16 with at most 8 digits: those below 2^-14 are rounded as f32 rounds at 1/2. */
fn halves_of_sizes(size: vec4<u32>) -> vec4<u32> {
  let small = bitcast<vec4<u32>>(bitcast<vec4<f32>>(size) + 0.5) - vec4<u32>(0x3f000000u);
  return select((size - vec4<u32>(0x38000000u)) >> vec4<u32>(13u), small, size < vec4<u32>(0x38800000u));
}
fn halves_of_bf16(w: vec4<u32>) -> vec4<u32> {
  let low = halves_of_sizes((w << vec4<u32>(16u)) & vec4<u32>(0x7fff0000u));
  let high = halves_of_sizes(w & vec4<u32>(0x7fff0000u));
  return low | (high << vec4<u32>(16u)) | (w & vec4<u32>(0x80008000u));
}`;

function convert(from: FloatType, to: FloatType): string {
  const codes = isWord(from)
    ? ['w.x', 'w.y', 'w.z', 'w.w']
    : ['w.x & 0xffffu', 'w.x >> 16u', 'w.y & 0xffffu', 'w.y >> 16u'];
  const wide = codes.map((code) => `${FLOAT_NAMES_WGSL[from].toF32}(${code})`);
  const [a, b, c, d] = wide.map((bits) => `${FLOAT_NAMES_WGSL[to].fromF32}(${bits})`);
  return isWord(to)
    ? `result[thread] = vec4<u32>(${a}, ${b}, ${c}, ${d});`
    : `result[thread] = vec2<u32>(${a} | (${b} << 16u), ${c} | (${d} << 16u));`;
}

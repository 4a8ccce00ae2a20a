import type { FloatType } from '../../safetensors/dtype.ts';
import { floatBytes } from '../float.ts';
import { FLOAT_NAMES_WGSL, FLOAT_WGSL } from '../float-wgsl.ts';
import { buildShader, shaderCache } from '../shader.ts';
import type { Shader } from '../tile.ts';

/** Numbers that one thread converts. */
export const PER_THREAD = 4;

const shaders = shaderCache((key) => {
  const [, from, to] = key.split(' ') as [string, FloatType, FloatType];
  return build(key, from, to);
});

/** Four numbers a thread: whole vectors on both sides. */
export function castShader(from: FloatType, to: FloatType): Shader {
  return shaders(`cast ${from} ${to}`);
}

const isWord = (dtype: FloatType) => floatBytes(dtype) === 4;

function build(key: string, from: FloatType, to: FloatType): Shader {
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

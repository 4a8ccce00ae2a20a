import type { FloatType } from '../../safetensors/dtype.ts';
import { floatBytes } from '../float.ts';
import { FLOAT_NAMES_WGSL, FLOAT_WGSL } from '../float-wgsl.ts';
import { buildShader, shaderCache } from '../shader.ts';
import { GROUP, type Shader } from '../tile.ts';
import { CHUNK, INFINITY_BITS, LARGE_BITS, NONE, RECORD, SMALL_BITS } from './cpu.ts';

const shaders = shaderCache((key) => build(key, key.split(' ')[1] as FloatType));

/** A workgroup a chunk; equal vectors are passed over. */
export function differenceShader(dtype: FloatType): Shader {
  return shaders(`difference ${dtype}`);
}

/** Numbers in a vector of four words. */
const per = (dtype: FloatType) => 16 / floatBytes(dtype);

function build(key: string, dtype: FloatType): Shader {
  const each =
    floatBytes(dtype) === 4
      ? 'look(a[k], b[k], start + k);'
      : `look(a[k] & 0xffffu, b[k] & 0xffffu, start + 2u * k);
        look(a[k] >> 16u, b[k] >> 16u, start + 2u * k + 1u);`;
  return buildShader({
    key,
    params: ['chunks', 'count'],
    inputs: ['vec4<u32>', 'vec4<u32>'],
    output: 'u32',
    globals: `${FLOAT_WGSL}\n${globals(dtype)}`,
    main: `
  if (block >= p.chunks) { return; }
  if (lane == 1u) { atomicStore(&record[1], ${NONE}u); }
  workgroupBarrier();
  let first = block * ${CHUNK}u;
  let size = min(p.count - first, ${CHUNK}u);
  for (var start = lane * ${per(dtype)}u; start < size; start += ${GROUP * per(dtype)}u) {
    let a = in0[(first + start) / ${per(dtype)}u];
    let b = in1[(first + start) / ${per(dtype)}u];
    if (any(a != b)) {
      for (var k = 0u; k < 4u; k++) {
        ${each}
      }
    }
  }
  workgroupBarrier();
  if (lane < ${RECORD}u) { result[block * ${RECORD}u + lane] = atomicLoad(&record[lane]); }`,
  });
}

/** Past the count both inputs are zero, so nothing differs there. */
function globals(dtype: FloatType): string {
  const sign = floatBytes(dtype) === 4 ? '0x80000000u' : '0x8000u';
  const { toF32 } = FLOAT_NAMES_WGSL[dtype];
  const wide = toF32 === '' ? 'code' : `${toF32}(code)`;
  return `
var<workgroup> record: array<atomic<u32>, ${RECORD}>;

fn wide(code: u32) -> u32 { return ${wide}; }

fn steps(a: u32, b: u32) -> u32 {
  if ((a ^ b) < ${sign}) { return max(a, b) - min(a, b); }
  return (a & (${sign} - 1u)) + (b & (${sign} - 1u));
}
fn kept(bits: u32) -> f32 {
  return bitcast<f32>(select(bits, 0u, (bits & 0x7fffffffu) < ${SMALL_BITS}u));
}
fn apart(a: u32, b: u32) -> u32 {
  if (max(a & 0x7fffffffu, b & 0x7fffffffu) >= ${LARGE_BITS}u) { return ${INFINITY_BITS}u; }
  return bitcast<u32>(kept(a) - kept(b)) & 0x7fffffffu;
}
fn look(a: u32, b: u32, at: u32) {
  if (a == b) { return; }
  atomicAdd(&record[0], 1u);
  atomicMin(&record[1], at);
  let x = wide(a);
  let y = wide(b);
  if (max(x & 0x7fffffffu, y & 0x7fffffffu) > ${INFINITY_BITS}u) {
    atomicAdd(&record[4], 1u);
    return;
  }
  atomicMax(&record[2], apart(x, y));
  atomicMax(&record[3], steps(a, b));
}`;
}

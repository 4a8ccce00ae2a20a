import { GROUP, type Shader } from './tile.ts';

/** Element types of a shader's buffers: one, two or four words. */
export type Words = 'u32' | 'vec2<u32>' | 'vec4<u32>';

export interface ShaderText {
  readonly key: string;
  /** Names of the words in the uniform, `p.` in the code. */
  readonly params: readonly string[];
  /** `in0`, `in1` … in the code. */
  readonly inputs: readonly Words[];
  /** `result` in the code. */
  readonly output: Words;
  /** Functions and workgroup variables. */
  readonly globals?: string;
  /** Body of main: `block` is the workgroup's number, `lane` the thread's in it, `thread` its number in all. */
  readonly main: string;
}

/** WGSL of a compute shader over linear workgroups that are dispatched in two dimensions. */
export function buildShader(text: ShaderText): Shader {
  const { key, params, inputs, output, globals = '', main } = text;
  const code = `
struct Params { ${params.map((name) => `${name}: u32`).join(', ')} }
@group(0) @binding(0) var<uniform> p: Params;
${inputs.map((type, index) => `@group(0) @binding(${index + 1}) var<storage, read> in${index}: array<${type}>;`).join('\n')}
@group(0) @binding(${inputs.length + 1}) var<storage, read_write> result: array<${output}>;
${globals}
@compute @workgroup_size(${GROUP})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = group.x + group.y * groups.x;
  let thread = block * ${GROUP}u + lane;
${main}
}`;
  return { key, code, inputs: inputs.length };
}

/** Makes each shader once: `make` is a function of its key alone. */
export function shaderCache(make: (key: string) => Shader): (key: string) => Shader {
  const made = new Map<string, Shader>();
  return (key) => {
    const shader = made.get(key) ?? make(key);
    made.set(key, shader);
    return shader;
  };
}

import type { Fp8 } from '../../safetensors/dtype.ts';
import { convertCode, MXFP4_ONE } from '../dequantise/wgsl.ts';
import { FLOAT_WGSL } from '../float-wgsl.ts';
import { locate } from '../gather/wgsl.ts';
import { buildShader, shaderCache } from '../shader.ts';
import type { Shader } from '../tile.ts';

interface Form {
  readonly format: Fp8 | 'mxfp4';
  readonly rank: number;
  /** Dim whose index names the input, −1 for none. */
  readonly select: number;
  readonly inputs: number;
  readonly shifts: readonly boolean[];
}

const shaders = shaderCache((key) => build(key, JSON.parse(key.slice('unpack '.length)) as Form));

/** Numbers made one by one where the output wants them: a thread makes one word, which is two numbers. */
export function unpackShader({ format, rank, select, inputs, shifts }: Form): Shader {
  return shaders(`unpack ${JSON.stringify({ format, rank, select, inputs, shifts })}`);
}

/** Where a block's scale is; one coding for all inputs. */
export const GEOMETRY = ['columns', 'rows', 'grid_rows', 'grid_columns', 'block_rows', 'block_columns'] as const;
/** Of each input: the number that index 0 is, the row that its codes begin with, the grid row that its scales begin with. */
export const ORIGIN = ['number', 'row', 'grid_row'] as const;

function build(key: string, form: Form): Shader {
  const dims = Array.from({ length: form.rank }, (_, dim) => [`n${dim}`, `s${dim}`]);
  const origins = Array.from({ length: form.inputs }, (_, input) => ORIGIN.map((name) => `${name}${input}`));
  return buildShader({
    key,
    params: ['count', ...dims.flat(), ...GEOMETRY, ...origins.flat()],
    inputs: Array.from({ length: 2 * form.inputs }, () => 'u32' as const),
    output: 'u32',
    globals: `${FLOAT_WGSL}\n${form.format === 'mxfp4' ? MXFP4_ONE : convertCode(form.format)}\n${load(form)}`,
    main: `
  let first = thread * 2u;
  if (first >= p.count) { return; }
  var word = load(first);
  if (first + 1u < p.count) { word = word | (load(first + 1u) << 16u); }
  result[thread] = word;`,
  });
}

/** `load(e)`: the bf16 of item `e` of the tile. */
function load(form: Form): string {
  const inputs = Array.from({ length: form.inputs }, (_, input) => input);
  const take = form.format === 'mxfp4' ? takeMxfp4 : takeFp8;
  const cases = inputs.slice(1).map((input) => `case ${input}u: { return take${input}(at); }`);
  return `
${inputs.map(take).join('\n')}
fn load(e: u32) -> u32 {
${locate(form)}
  switch which { ${cases.join(' ')} default: { return take0(at); } }
}`;
}

const byteAt = (input: string, at: string) => `(${input}[${at} >> 2u] >> ((${at} & 3u) * 8u)) & 0xffu`;

function takeFp8(input: number): string {
  const [codes, scales] = [`in${2 * input}`, `in${2 * input + 1}`];
  return `
fn take${input}(at: u32) -> u32 {
  let number = at + p.number${input};
  let row = number / p.columns + p.row${input};
  let grid_row = (row / p.rows) * p.grid_rows + (row % p.rows) / p.block_rows - p.grid_row${input};
  let scale = ${scales}[grid_row * p.grid_columns + (number % p.columns) / p.block_columns];
  return any_scale(${byteAt(codes, 'number')}, scale);
}`;
}

function takeMxfp4(input: number): string {
  const [codes, scales] = [`in${2 * input}`, `in${2 * input + 1}`];
  return `
fn take${input}(at: u32) -> u32 {
  let number = at + p.number${input};
  let byte = number >> 1u;
  let group_of = number >> 5u;
  let code = ((${byteAt(codes, 'byte')}) >> ((number & 1u) * 4u)) & 15u;
  return one(code, ${byteAt(scales, 'group_of')});
}`;
}

import { buildShader, shaderCache, type Words } from '../shader.ts';
import type { Shader } from '../tile.ts';

/** Dims that the shaders walk; folded conversions have at most three, items of odd sizes one more. */
export const MAX_RANK = 5;
/** Inputs that a gather may choose from; devices allow eight buffers, one of them the output. */
export const MAX_INPUTS = 6;

/** Neighbouring 16-bit elements from two places, taken eight at a time. `select`: the places are two inputs. */
export interface ZipForm {
  readonly rank: number;
  readonly select: boolean;
  readonly shifts: readonly boolean[];
}

/** Every other 16-bit element of runs, eight at a time. */
export type UnzipForm = Pick<ZipForm, 'rank' | 'shifts'>;

interface Form {
  readonly itemBytes: number;
  readonly rank: number;
  /** Dim whose index names the input, −1 for none. */
  readonly select: number;
  readonly inputs: number;
  /** Dims whose size is a power of two: their parameter is its logarithm, and no division is needed. */
  readonly shifts: readonly boolean[];
}

const TYPES: Readonly<Record<number, Words>> = { 4: 'u32', 8: 'vec2<u32>', 16: 'vec4<u32>' };

const shaders = shaderCache((key) => build(key, JSON.parse(key.slice('gather '.length)) as Form));

/** Items gathered one by one, neighbours in the output by neighbouring threads. */
export function gatherShader({ itemBytes, rank, select, inputs, shifts }: Form): Shader {
  return shaders(`gather ${JSON.stringify({ itemBytes, rank, select, inputs, shifts })}`);
}

const zips = shaderCache((key) => buildZip(key, JSON.parse(key.slice('zip '.length)) as ZipForm));

/** Two runs of 16-bit elements into one, by turns. */
export function zipShader({ rank, select, shifts }: ZipForm): Shader {
  return zips(`zip ${JSON.stringify({ rank, select, shifts })}`);
}

function buildZip(key: string, { rank, select, shifts }: ZipForm): Shader {
  const dims = Array.from({ length: rank }, (_, dim) => dim);
  return buildShader({
    key,
    params: ['count', ...dims.flatMap((dim) => [`n${dim}`, `s${dim}`]), 'apart'],
    inputs: select ? ['vec2<u32>', 'vec2<u32>'] : ['vec2<u32>'],
    output: 'vec4<u32>',
    main: `
  if (thread >= p.count) { return; }
  let e = thread;
${locate({ rank, select: -1, shifts })}
  let a = in0[at];
  let b = ${select ? 'in1[at]' : 'in0[at + p.apart]'};
  let low = (a & vec2<u32>(0xffffu)) | (b << vec2<u32>(16u));
  let high = (a >> vec2<u32>(16u)) | (b & vec2<u32>(0xffff0000u));
  result[thread] = vec4<u32>(low.x, high.x, low.y, high.y);`,
  });
}

const unzips = shaderCache((key) => buildUnzip(key, JSON.parse(key.slice('unzip '.length)) as UnzipForm));

/** Every other 16-bit element of a run. */
export function unzipShader({ rank, shifts }: UnzipForm): Shader {
  return unzips(`unzip ${JSON.stringify({ rank, shifts })}`);
}

function buildUnzip(key: string, { rank, shifts }: UnzipForm): Shader {
  const dims = Array.from({ length: rank }, (_, dim) => dim);
  return buildShader({
    key,
    params: ['count', ...dims.flatMap((dim) => [`n${dim}`, `s${dim}`])],
    inputs: ['vec4<u32>'],
    output: 'vec4<u32>',
    globals: `
fn evens(w: vec4<u32>) -> vec2<u32> {
  return (w.xz & vec2<u32>(0xffffu)) | (w.yw << vec2<u32>(16u));
}`,
    main: `
  if (thread >= p.count) { return; }
  let e = thread;
${locate({ rank, select: -1, shifts })}
  let a = in0[at];
  let b = in0[at + 1u];
  result[thread] = vec4<u32>(evens(a), evens(b));`,
  });
}

function build(key: string, form: Form): Shader {
  const { itemBytes, rank, inputs } = form;
  const type = TYPES[itemBytes] ?? 'u32';
  const dims = Array.from({ length: rank }, (_, dim) => dim);
  return buildShader({
    key,
    params: ['count', ...dims.flatMap((dim) => [`n${dim}`, `s${dim}`])],
    inputs: Array.from({ length: inputs }, () => type),
    output: type,
    globals: itemBytes >= 4 ? '' : loadSmall(form),
    main: itemBytes >= 4 ? wide(form) : small(form),
  });
}

/** Where item `e` comes from: `at` in items, `which` input. */
export function locate({ rank, select, shifts }: Pick<Form, 'rank' | 'select' | 'shifts'>): string {
  const lines = ['  var rest = e;', '  var at = 0u;'];
  for (let dim = rank - 1; dim >= 0; dim--) {
    if (dim === 0) lines.push('  let i0 = rest;');
    else if (shifts[dim]) lines.push(`  let i${dim} = rest & ((1u << p.n${dim}) - 1u); rest = rest >> p.n${dim};`);
    else lines.push(`  let i${dim} = rest % p.n${dim}; rest = rest / p.n${dim};`);
    lines.push(`  at = at + i${dim} * p.s${dim};`);
  }
  lines.push(`  let which = ${select >= 0 ? `i${select}` : '0u'};`);
  return lines.join('\n');
}

/** Runs `use` with the input that `which` names. */
function choose(inputs: number, use: (name: string) => string): string {
  if (inputs === 1) return use('in0');
  const cases = Array.from({ length: inputs - 1 }, (_, index) => `case ${index}u: { ${use(`in${index}`)} }`);
  return `switch which { ${cases.join(' ')} default: { ${use(`in${inputs - 1}`)} } }`;
}

function wide(form: Form): string {
  return `
  if (thread >= p.count) { return; }
  let e = thread;
${locate(form)}
  ${choose(form.inputs, (name) => `result[thread] = ${name}[at];`)}`;
}

function loadSmall(form: Form): string {
  const shift = form.itemBytes === 2 ? '(at & 1u) * 16u' : '(at & 3u) * 8u';
  const word = form.itemBytes === 2 ? 'at >> 1u' : 'at >> 2u';
  return `
fn load(e: u32) -> u32 {
${locate(form)}
  var word = 0u;
  ${choose(form.inputs, (name) => `word = ${name}[${word}];`)}
  return (word >> (${shift})) & ${form.itemBytes === 2 ? '0xffffu' : '0xffu'};
}`;
}

/** A thread makes one word of the output from two or four items. */
function small({ itemBytes }: Form): string {
  const per = 4 / itemBytes;
  return `
  let first = thread * ${per}u;
  if (first >= p.count) { return; }
  var word = 0u;
  for (var k = 0u; k < ${per}u; k++) {
    if (first + k < p.count) { word = word | (load(first + k) << (k * ${8 * itemBytes}u)); }
  }
  result[thread] = word;`;
}

import { buildShader, shaderCache } from '../shader.ts';
import { GROUP, type Shader } from '../tile.ts';

/** Words along a side of the square that a workgroup turns. */
export const SIDE = 32;

interface Form {
  readonly itemBytes: number;
  /** Which of batch, outer and inner names the input; −1 for none. */
  readonly select: number;
  /** True when columns are made of two dims. */
  readonly split: boolean;
  readonly inputs: number;
}

const shaders = shaderCache((key) => build(key, JSON.parse(key.slice('plane '.length)) as Form));

/**
 * Turns squares of 32 × 32 words in workgroup memory: both sides move in whole runs of 128 bytes.
 *
 * Items smaller than a word are first turned among the 2 or 4 words of a block in registers. Columns of the workgroup's
 * memory are mixed by exclusive or, so that neither writing nor reading meets a bank twice.
 */
export function planeShader({ itemBytes, select, split, inputs }: Form): Shader {
  return shaders(`plane ${JSON.stringify({ itemBytes, select, split, inputs })}`);
}

function build(key: string, form: Form): Shader {
  const { itemBytes, inputs } = form;
  const per = Math.max(1, 4 / itemBytes);
  const type = itemBytes === 8 ? 'vec2<u32>' : 'u32';
  return buildShader({
    key,
    params: ['rows', 'columns', 'inner', 'batch_stride', 'outer_stride', 'inner_stride', 'across', 'down', 'squares'],
    inputs: Array.from({ length: inputs }, () => type),
    output: type,
    globals: `var<workgroup> square: array<${type}, ${SIDE * SIDE * per}>;\n${loadWord(form, type)}`,
    main: `
  if (block >= p.squares) { return; }
  let column0 = (block % p.across) * ${SIDE}u;
  let down = block / p.across;
  let row0 = (down % p.down) * ${SIDE}u;
  let batch = down / p.down;
  let x = lane % ${SIDE}u;
  let y = lane / ${SIDE}u;
  for (var k = y; k < ${SIDE}u; k += ${GROUP / SIDE}u) {
    let j = (column0 + k) * ${per}u;
${turn(per)}
  }
  workgroupBarrier();
  let width = p.columns / ${per}u;
  for (var r = y; r < ${SIDE * per}u; r += ${GROUP / SIDE}u) {
    let i = row0 * ${per}u + r;
    let c = r / ${per}u;
    let h = r % ${per}u;
    if (i < p.rows && column0 + x < width) {
      result[(batch * p.rows + i) * width + column0 + x] = square[(h * ${SIDE}u + c) * ${SIDE}u + (x ^ c)];
    }
  }`,
  });
}

/**
 * `load_word(batch, j, c)`: word `c` of the input row that column `j` of the output is.
 *
 * Past the edges it gives any word of the input, which no thread then writes.
 */
function loadWord({ select, split, inputs }: Form, type: string): string {
  const parts = split ? 'let outer = j / p.inner; let inner = j % p.inner;' : 'let outer = 0u; let inner = j;';
  const which = ['batch', 'outer', 'inner'][select] ?? '0u';
  const others = Array.from({ length: inputs - 1 }, (_, i) => `if (${which} == ${i + 1}u) { word = in${i + 1}[at]; }`);
  const read =
    inputs === 1
      ? 'let word = in0[at];'
      : `var word: ${type}; if (${which} == 0u) { word = in0[at]; } else ${others.join(' else ')}`;
  return `
fn load_word(batch: u32, j: u32, c: u32) -> ${type} {
  ${parts}
  let at = batch * p.batch_stride + outer * p.outer_stride + inner * p.inner_stride + c;
  ${read}
  return word;
}`;
}

function turn(per: number): string {
  const load = (r: number) => `let w${r} = load_word(batch, j + ${r}u, row0 + x);`;
  const store = (h: number, value: string) => `square[(${h * SIDE}u + x) * ${SIDE}u + (k ^ x)] = ${value};`;
  if (per === 1) return `    ${load(0)}\n    ${store(0, 'w0')}`;
  if (per === 2) {
    return [
      load(0),
      load(1),
      store(0, '(w0 & 0xffffu) | (w1 << 16u)'),
      store(1, '(w0 >> 16u) | (w1 & 0xffff0000u)'),
    ].join('\n    ');
  }
  return [
    ...[0, 1, 2, 3].map(load),
    'let a = (w0 & 0x00ff00ffu) | ((w1 & 0x00ff00ffu) << 8u);',
    'let b = ((w0 >> 8u) & 0x00ff00ffu) | (w1 & 0xff00ff00u);',
    'let c = (w2 & 0x00ff00ffu) | ((w3 & 0x00ff00ffu) << 8u);',
    'let d = ((w2 >> 8u) & 0x00ff00ffu) | (w3 & 0xff00ff00u);',
    store(0, '(a & 0xffffu) | (c << 16u)'),
    store(1, '(b & 0xffffu) | (d << 16u)'),
    store(2, '(a >> 16u) | (c & 0xffff0000u)'),
    store(3, '(b >> 16u) | (d & 0xffff0000u)'),
  ].join('\n    ');
}

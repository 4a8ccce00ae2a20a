import { buildShader, shaderCache, type Words } from '../shader.ts';
import { GROUP, type Shader } from '../tile.ts';

/** Words along either side of what a workgroup turns. */
export const SIDE = 32;

interface Form {
  readonly itemBytes: number;
  /** Which of batch, outer and inner names the input; −1 for none. */
  readonly select: number;
  readonly split: Split;
  readonly inputs: number;
}

/**
 * How a column's place in two dims is found: there is one; the inner is the input; a workgroup's columns share the outer;
 * the inner is a power of two; long; any.
 */
export type Split = 'one' | 'pair' | 'whole' | 'shift' | 'wrap' | 'divide';

const shaders = shaderCache((key) => build(key, JSON.parse(key.slice('plane '.length)) as Form));

/**
 * Turns rectangles in workgroup memory, 32 words wide and high: both sides move in whole runs of 128 bytes. Larger
 * rectangles leave room for fewer workgroups on a processor: on an H200, twice as large ones are 5 % slower.
 *
 * Items smaller than a word are first turned among the 2 or 4 words of a block in registers. Columns of the workgroup's
 * memory are mixed by exclusive or, so that neither writing nor reading meets a bank twice.
 */
export function planeShader({ itemBytes, select, split, inputs }: Form): Shader {
  return shaders(`plane ${JSON.stringify({ itemBytes, select, split, inputs })}`);
}

const perWord = (itemBytes: number) => Math.max(1, 4 / itemBytes);

/** Columns and rows of the output that a workgroup makes. */
export function blockOf(itemBytes: number) {
  const per = perWord(itemBytes);
  return { columns: SIDE * per, rows: SIDE * per };
}

function typeOf(itemBytes: number): Words {
  return itemBytes === 8 ? 'vec2<u32>' : 'u32';
}

const STEP = GROUP / SIDE;

function build(key: string, form: Form): Shader {
  const { itemBytes, inputs } = form;
  const per = perWord(itemBytes);
  const type = typeOf(itemBytes);
  return buildShader({
    key,
    params: ['rows', 'columns', 'inner', 'batch_stride', 'outer_stride', 'inner_stride', 'across', 'down', 'blocks'],
    inputs: Array.from({ length: inputs }, () => type),
    output: type,
    globals: `var<workgroup> turned: array<${type}, ${SIDE * SIDE * per}>;\n${loadWord(form)}`,
    main: `
  if (block >= p.blocks) { return; }
  let column0 = (block % p.across) * ${SIDE}u;
  let below = block / p.across;
  let row0 = (below % p.down) * ${SIDE}u;
  let batch = below / p.down;
  let x = lane % ${SIDE}u;
  let y = lane / ${SIDE}u;
  ${firstOf(form)}
${loads(form)}
${STEPS.map((step) => turn(form, step)).join('\n')}
  workgroupBarrier();
  let width = p.columns / ${per}u;
  let column = column0 + x;
  if (column >= width) { return; }
  let put = (batch * p.rows + row0 * ${per}u) * width + column;
  let left = p.rows - row0 * ${per}u;
${stores(per)}`,
  });
}

/** Where the first column lies, once for all columns. */
function firstOf({ split, itemBytes }: Form): string {
  if (split !== 'wrap' && split !== 'whole') return '';
  const first = `column0 * ${perWord(itemBytes)}u`;
  return `let outer0 = ${first} / p.inner; let inner0 = ${first} % p.inner;`;
}

const STEPS = Array.from({ length: SIDE / STEP }, (_, step) => step);

/** Every load comes before every store, so that all are under way together. */
function loads(form: Form): string {
  const per = perWord(form.itemBytes);
  const each = STEPS.flatMap((step) =>
    Array.from({ length: per }, (_, r) => [`w${step}_${r}`, `(y + ${step * STEP}u) * ${per}u + ${r}u`] as const),
  );
  if (form.split === 'pair') {
    return each
      .map(([name, j], at) => `  let ${name} = ${pairWord(at % 2, `(column0 * ${per}u + ${j}) / 2u`)};`)
      .join('\n');
  }
  if (form.split === 'whole') return wholeLoads(form, each);
  const place = (j: string) => (form.split === 'wrap' ? `inner0 + ${j}, outer0` : `column0 * ${per}u + ${j}, 0u`);
  return each.map(([name, j]) => `  let ${name} = load_word(batch, vec2<u32>(${place(j)}), row0 + x);`).join('\n');
}

/** Columns alternate between two inputs: which one a word comes from is known here. */
function pairWord(input: number, outer: string): string {
  return `in${input}[batch * p.batch_stride + ${outer} * p.outer_stride + row0 + x]`;
}

/** All of a workgroup's loads are of one input: it is chosen once. */
function wholeLoads({ itemBytes, inputs, select }: Form, each: readonly (readonly [string, string])[]): string {
  const begin = 'batch * p.batch_stride + outer0 * p.outer_stride + inner0 * p.inner_stride + row0 + x';
  const take = (input: number) =>
    each.map(([name, j]) => `${name} = in${input}[begin + (${j}) * p.inner_stride];`).join(' ');
  const cases = Array.from({ length: inputs }, (_, input) =>
    input < inputs - 1 ? `case ${input}u: { ${take(input)} }` : `default: { ${take(input)} }`,
  );
  return `
  let begin = ${begin};
  ${each.map(([name]) => `var ${name}: ${typeOf(itemBytes)};`).join(' ')}
  switch ${select === 1 ? 'outer0' : select === 0 ? 'batch' : '0u'} { ${cases.join('\n')} }`;
}

function stores(per: number): string {
  return Array.from({ length: (SIDE * per) / STEP }, (_, step) => {
    const r = `(y + ${step * STEP}u)`;
    const at = `(${r} % ${per}u * ${SIDE}u + ${r} / ${per}u) * ${SIDE}u + (x ^ (${r} / ${per}u))`;
    return `  if (${r} < left) { result[put + ${r} * width] = turned[${at}]; }`;
  }).join('\n');
}

/**
 * `load_word(batch, place, c)`: load `c` of the input row that a column of the output is.
 *
 * Past the edges it gives any word of the input, which no thread then writes.
 */
function loadWord({ itemBytes, select, split, inputs }: Form): string {
  if (split === 'whole' || split === 'pair') return '';
  const type = typeOf(itemBytes);
  const which = ['batch', 'outer', 'inner'][select] ?? '0u';
  const others = Array.from({ length: inputs - 1 }, (_, i) => `if (${which} == ${i + 1}u) { word = in${i + 1}[at]; }`);
  const read =
    inputs === 1
      ? 'let word = in0[at];'
      : `var word: ${type}; if (${which} == 0u) { word = in0[at]; } else ${others.join(' else ')}`;
  return `
fn load_word(batch: u32, place: vec2<u32>, c: u32) -> ${type} {
  ${SPLITS[split]}
  let at = batch * p.batch_stride + outer * p.outer_stride + inner * p.inner_stride + c;
  ${read}
  return word;
}`;
}

/** Outer and inner index of a column. */
const SPLITS: Readonly<Record<Exclude<Split, 'pair' | 'whole'>, string>> = {
  one: 'let outer = 0u; let inner = place.x;',
  shift: 'let outer = place.x >> p.inner; let inner = place.x & ((1u << p.inner) - 1u);',
  divide: 'let outer = place.x / p.inner; let inner = place.x % p.inner;',
  wrap: 'let over = place.x >= p.inner; let outer = place.y + select(0u, 1u, over); let inner = place.x - select(0u, p.inner, over);',
};

/** Turns what a step loaded in registers and puts it into workgroup memory. */
function turn({ itemBytes }: Form, step: number): string {
  const words = Array.from({ length: perWord(itemBytes) }, (_, i) => `w${step}_${i}`);
  const { first, values } = turnWords(words, `${step}`);
  const puts = values.map(
    (value, h) => `  turned[(${h * SIDE}u + x) * ${SIDE}u + ((y + ${step * STEP}u) ^ x)] = ${value};`,
  );
  return [...first, ...puts].join('\n');
}

/** The columns of a block of one, two or four words' items, as words; and lines that come before these expressions. */
function turnWords(w: readonly string[], name: string): { first: string[]; values: string[] } {
  if (w.length === 1) return { first: [], values: [...w] };
  if (w.length === 2) {
    const values = [`(${w[0]} & 0xffffu) | (${w[1]} << 16u)`, `(${w[0]} >> 16u) | (${w[1]} & 0xffff0000u)`];
    return { first: [], values };
  }
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((letter) => `${letter}${name}`);
  return {
    first: [
      `  let ${a} = (${w[0]} & 0x00ff00ffu) | ((${w[1]} & 0x00ff00ffu) << 8u);`,
      `  let ${b} = ((${w[0]} >> 8u) & 0x00ff00ffu) | (${w[1]} & 0xff00ff00u);`,
      `  let ${c} = (${w[2]} & 0x00ff00ffu) | ((${w[3]} & 0x00ff00ffu) << 8u);`,
      `  let ${d} = ((${w[2]} >> 8u) & 0x00ff00ffu) | (${w[3]} & 0xff00ff00u);`,
    ],
    values: [
      `(${a} & 0xffffu) | (${c} << 16u)`,
      `(${b} & 0xffffu) | (${d} << 16u)`,
      `(${a} >> 16u) | (${c} & 0xffff0000u)`,
      `(${b} >> 16u) | (${d} & 0xffff0000u)`,
    ],
  };
}

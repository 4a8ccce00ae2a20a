import { buildShader, shaderCache } from '../shader.ts';
import { GROUP, type Shader } from '../tile.ts';

/** Words along a side of the square that a workgroup turns. */
export const SIDE = 32;

interface Form {
  readonly itemBytes: number;
  /** Which of batch, outer and inner names the input; −1 for none. */
  readonly select: number;
  /** How a column's place in two dims is found: there is one; the inner is the input; a power of two; long; any. */
  readonly split: 'one' | 'pair' | 'shift' | 'wrap' | 'divide';
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
  ${firstOf(form.split, per)}
${loads(form.split, per)}
  workgroupBarrier();
  let width = p.columns / ${per}u;
  let column = column0 + x;
  if (column >= width) { return; }
  let put = (batch * p.rows + row0 * ${per}u) * width + column;
  let left = p.rows - row0 * ${per}u;
${stores(per)}`,
  });
}

const STEP = GROUP / SIDE;

/** Where the square's first column lies, once for all its columns. */
function firstOf(split: Form['split'], per: number): string {
  if (split !== 'wrap') return '';
  return `let outer0 = column0 * ${per}u / p.inner; let inner0 = column0 * ${per}u % p.inner;`;
}

/** Every load comes before every store, so that all are under way together. */
function loads(split: Form['split'], per: number): string {
  const steps = Array.from({ length: SIDE / STEP }, (_, step) => step);
  const words = steps.flatMap((step) =>
    Array.from({ length: per }, (_, r) => {
      const j = `(y + ${step * STEP}u) * ${per}u + ${r}u`;
      if (split === 'pair') return `  let w${step}_${r} = ${pairWord(r % 2, `(column0 * ${per}u + ${j}) / 2u`)};`;
      const place = split === 'wrap' ? `inner0 + ${j}, outer0` : `column0 * ${per}u + ${j}, 0u`;
      return `  let w${step}_${r} = load_word(batch, vec2<u32>(${place}), row0 + x);`;
    }),
  );
  return [...words, ...steps.map((step) => turn(per, step))].join('\n');
}

/** Columns alternate between two inputs: which one a word comes from is known here. */
function pairWord(input: number, outer: string): string {
  return `in${input}[batch * p.batch_stride + ${outer} * p.outer_stride + row0 + x]`;
}

function stores(per: number): string {
  return Array.from({ length: (SIDE * per) / STEP }, (_, step) => {
    const r = `(y + ${step * STEP}u)`;
    const at = `(${r} % ${per}u * ${SIDE}u + ${r} / ${per}u) * ${SIDE}u + (x ^ (${r} / ${per}u))`;
    return `  if (${r} < left) { result[put + ${r} * width] = square[${at}]; }`;
  }).join('\n');
}

/**
 * `load_word(batch, at, c)`: word `c` of the input row that a column of the output is, `at` its place in the square.
 *
 * Past the edges it gives any word of the input, which no thread then writes.
 */
function loadWord({ select, split, inputs }: Form, type: string): string {
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
const SPLITS: Readonly<Record<Form['split'], string>> = {
  pair: 'let outer = place.x / 2u; let inner = place.x % 2u;',
  one: 'let outer = 0u; let inner = place.x;',
  shift: 'let outer = place.x >> p.inner; let inner = place.x & ((1u << p.inner) - 1u);',
  divide: 'let outer = place.x / p.inner; let inner = place.x % p.inner;',
  wrap: 'let over = place.x >= p.inner; let outer = place.y + select(0u, 1u, over); let inner = place.x - select(0u, p.inner, over);',
};

/** Turns the words of a step in registers and puts them into the square. */
function turn(per: number, step: number): string {
  const w = (r: number) => `w${step}_${r}`;
  const k = `(y + ${step * STEP}u)`;
  const store = (h: number, value: string) => `  square[(${h * SIDE}u + x) * ${SIDE}u + (${k} ^ x)] = ${value};`;
  if (per === 1) return store(0, w(0));
  if (per === 2) {
    return [
      store(0, `(${w(0)} & 0xffffu) | (${w(1)} << 16u)`),
      store(1, `(${w(0)} >> 16u) | (${w(1)} & 0xffff0000u)`),
    ].join('\n');
  }
  const name = (letter: string) => `${letter}${step}`;
  const [a, b, c, d] = [name('a'), name('b'), name('c'), name('d')];
  return [
    `  let ${a} = (${w(0)} & 0x00ff00ffu) | ((${w(1)} & 0x00ff00ffu) << 8u);`,
    `  let ${b} = ((${w(0)} >> 8u) & 0x00ff00ffu) | (${w(1)} & 0xff00ff00u);`,
    `  let ${c} = (${w(2)} & 0x00ff00ffu) | ((${w(3)} & 0x00ff00ffu) << 8u);`,
    `  let ${d} = ((${w(2)} >> 8u) & 0x00ff00ffu) | (${w(3)} & 0xff00ff00u);`,
    store(0, `(${a} & 0xffffu) | (${c} << 16u)`),
    store(1, `(${b} & 0xffffu) | (${d} << 16u)`),
    store(2, `(${a} >> 16u) | (${c} & 0xffff0000u)`),
    store(3, `(${b} >> 16u) | (${d} & 0xffff0000u)`),
  ].join('\n');
}

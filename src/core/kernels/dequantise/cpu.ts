import { type Fp8, rowOfFp8 } from '../../safetensors/dtype.ts';
import { codeNumbers } from '../../safetensors/dtype-codes.ts';
import { bf16FromF32 } from '../float.ts';
import { words32 } from '../word-views.ts';

/**
 * FP8 codes with one f32 scale a block: inputs are the codes of `batch` matrices of `rows` × `columns`, and their scales,
 * `batch` grids of ⌈rows / blockRows⌉ × ⌈columns / blockColumns⌉. Blocks at the edges are cut off.
 */
export interface Fp8Spec {
  readonly format: Fp8;
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly blockRows: number;
  readonly blockColumns: number;
}

/** MXFP4: inputs are 16 bytes a group, two codes each, the lower half first, and one e8m0 byte a group. */
export interface Mxfp4Spec {
  readonly format: 'mxfp4';
  readonly groups: number;
}

export type DequantiseSpec = Fp8Spec | Mxfp4Spec;

/** Codes that share one scale in MXFP4. */
export const MX_GROUP = 32;
/** What every NaN becomes. */
export const NAN_BF16 = 0x7fc0;

/** Numbers that can only be made together: a row of FP8, a group of MXFP4. */
export function granuleOf(spec: DequantiseSpec): number {
  return spec.format === 'mxfp4' ? MX_GROUP : Math.max(1, spec.columns);
}

/** Numbers of all matrices. */
export function numbersOf(spec: DequantiseSpec): number {
  return spec.format === 'mxfp4' ? spec.groups * MX_GROUP : spec.batch * spec.rows * spec.columns;
}

/**
 * The CPU form of the dequantise kernel: code × scale in f32 to nearest even, then to bf16 to nearest even.
 *
 * That is what DeepSeek's and transformers' own dequantisation computes. A product that is no number is 0x7fc0, whatever
 * its operands' payloads; e8m0's 255 is NaN (OCP MX 1.0).
 */
export function dequantiseCpu(spec: DequantiseSpec, inputs: readonly Uint8Array[], output: Uint8Array): void {
  dequantiseRange(spec, inputs, { first: 0, end: numbersOf(spec) }, output);
}

/** Numbers of a slice: about a millisecond's work. */
const SLICE = 1_048_576;

/** The CPU form in slices of whole blocks. */
export function* dequantiseSlices(
  spec: DequantiseSpec,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
): Generator<void> {
  const step = granuleOf(spec) * (spec.format === 'mxfp4' ? 1 : spec.blockRows);
  const length = Math.max(step, SLICE - (SLICE % step));
  const all = numbersOf(spec);
  for (let first = 0; first < all; first += length) {
    const end = Math.min(all, first + length);
    dequantiseRange(spec, inputs, { first, end }, output.subarray(2 * first, 2 * end));
    yield;
  }
}

interface Range {
  readonly first: number;
  readonly end: number;
}

/** Numbers `first` to `end`, both multiples of {@link granuleOf}, counted through all matrices; `output` holds them alone. */
export function dequantiseRange(
  spec: DequantiseSpec,
  [codes, scales]: readonly Uint8Array[],
  range: Range,
  output: Uint8Array,
): void {
  if (!codes || !scales) return;
  if (spec.format === 'mxfp4') fromMxfp4(range, codes, scales, output);
  else fromFp8(spec, range, codes, words32(scales), output);
}

/** Codes that are looked up at once: their numbers stay in a second-level cache. */
const AT_ONCE = 262_144;

// An engine knows the addresses of constant arrays when it compiles the loops over them, and needs a third of the time.
const codeBytes = new Uint8Array(AT_ONCE);
const codeWords = new Int32Array(codeBytes.buffer);
const numbers = new Uint16Array(AT_ONCE);
const pairs = new Int32Array(numbers.buffer);
const numberBytes = new Uint8Array(numbers.buffer);
/** What every code becomes under the scale at hand, as the lower and as the upper half of a word. */
const low = new Int32Array(256);
const high = new Int32Array(256);

function fromFp8(
  spec: Fp8Spec,
  { first, end }: Range,
  codes: Uint8Array,
  scales: Uint32Array,
  output: Uint8Array,
): void {
  const { rows, columns, blockRows, blockColumns } = spec;
  if (columns === 0) return;
  const values = codeNumbers(rowOfFp8(spec.format));
  const [down, across] = [Math.ceil(rows / blockRows), Math.ceil(columns / blockColumns)];
  const atOnce = Math.floor(AT_ONCE / columns);
  const last = end / columns;
  for (let row = first / columns; row < last; ) {
    const matrix = Math.floor(row / rows);
    const gridRow = Math.floor((row - matrix * rows) / blockRows);
    const blockEnd = matrix * rows + Math.min(rows, (gridRow + 1) * blockRows);
    const until = Math.min(last, blockEnd, row + Math.max(1, atOnce));
    const grid = (matrix * down + gridRow) * across;
    for (let column = 0; column < columns; column += AT_ONCE) {
      const width = Math.min(columns - column, AT_ONCE);
      const start = row * columns + column;
      const count = (until - row - 1) * columns + width;
      codeBytes.set(codes.subarray(start, start + count));
      for (let block = Math.floor(column / blockColumns); block * blockColumns < column + width; block++) {
        scaleTable(values, scales[grid + block] ?? 0);
        const from = Math.max(0, block * blockColumns - column);
        const to = Math.min(width, (block + 1) * blockColumns - column);
        for (let r = 0; r < until - row; r++) lookUp(r * columns + from, r * columns + to);
      }
      output.set(numberBytes.subarray(0, 2 * count), 2 * (start - first));
    }
    row = until;
  }
}

/** The numbers of the codes from `from` to `to`. */
function lookUp(from: number, to: number): void {
  let at = from;
  for (; at < to && (at & 3) !== 0; at++) numbers[at] = low[codeBytes[at] as number] as number;
  for (; at + 3 < to; at += 4) {
    const four = codeWords[at >> 2] as number;
    pairs[at >> 1] = (low[four & 255] as number) | (high[(four >>> 8) & 255] as number);
    pairs[(at >> 1) + 1] = (low[(four >>> 16) & 255] as number) | (high[four >>> 24] as number);
  }
  for (; at < to; at++) numbers[at] = low[codeBytes[at] as number] as number;
}

/** Rows that are turned at once: a line of the output takes four cache lines of them. */
const TURNED_ROWS = 128;
/** Codes of each of them: an odd number of cache lines, so that rows one below the other share no cache sets. */
const TURNED_COLUMNS = 1984;

/** FP8 rows of one matrix and block row, or of less, whose numbers become columns. */
export interface TurnedRows {
  /** Counted through all matrices; an even number of them. */
  readonly first: number;
  readonly end: number;
  /** A multiple of four, as is the distance to the edge of every block. */
  readonly firstColumn: number;
  readonly endColumn: number;
}

/**
 * Makes the numbers of FP8 rows and turns them in the same step: column `c` goes to word `put` + (`c` − `firstColumn`) ×
 * `pitch` of `target`, two rows a word.
 */
export function turnFp8(
  spec: Fp8Spec,
  [codes, scales]: readonly Uint8Array[],
  { first, end, firstColumn, endColumn }: TurnedRows,
  target: Int32Array,
  put: number,
  pitch: number,
): void {
  if (!codes || !scales) return;
  const { rows, columns, blockRows, blockColumns } = spec;
  const values = codeNumbers(rowOfFp8(spec.format));
  const matrix = Math.floor(first / rows);
  const gridRow = matrix * Math.ceil(rows / blockRows) + Math.floor((first - matrix * rows) / blockRows);
  const grid = gridRow * Math.ceil(columns / blockColumns);
  const words = words32(scales);
  for (let row = first; row < end; row += TURNED_ROWS) {
    const count = Math.min(TURNED_ROWS, end - row);
    for (let column = firstColumn; column < endColumn; column += TURNED_COLUMNS) {
      const last = Math.min(endColumn, column + TURNED_COLUMNS);
      for (let r = 0; r < count; r++)
        codeBytes.set(codes.subarray((row + r) * columns + column, (row + r) * columns + last), r * TURNED_COLUMNS);
      for (let at = column; at < last; ) {
        const block = Math.floor(at / blockColumns);
        const edge = Math.min(last, (block + 1) * blockColumns);
        scaleTable(values, words[grid + block] ?? 0);
        const to = put + (at - firstColumn) * pitch + (row - first) / 2;
        turnCodes(at - column, edge - column, count, target, to, pitch);
        at = edge;
      }
    }
  }
}

/** Turns `count` rows of the codes that were copied, from column `from` to `end`, four columns at a time. */
function turnCodes(from: number, end: number, count: number, target: Int32Array, to: number, pitch: number): void {
  for (let column = from; column < end; column += 4) {
    let at = column >> 2;
    let put = to + (column - from) * pitch;
    for (let row = 0; row < count; row += 2) {
      const upper = codeWords[at] as number;
      const lower = codeWords[at + TURNED_COLUMNS / 4] as number;
      target[put] = (low[upper & 255] as number) | (high[lower & 255] as number);
      target[put + pitch] = (low[(upper >>> 8) & 255] as number) | (high[(lower >>> 8) & 255] as number);
      target[put + 2 * pitch] = (low[(upper >>> 16) & 255] as number) | (high[(lower >>> 16) & 255] as number);
      target[put + 3 * pitch] = (low[upper >>> 24] as number) | (high[lower >>> 24] as number);
      at += TURNED_COLUMNS / 2;
      put++;
    }
  }
}

const f32 = new Float32Array(1);
const bits = new Int32Array(f32.buffer);
const products = new Float32Array(128);
const productBits = new Int32Array(products.buffer);

/** What each code becomes under one scale, as bf16. Codes from 128 on are the ones before with their sign changed. */
function scaleTable(values: Float64Array, scale: number): void {
  bits[0] = scale;
  const factor = f32[0] as number;
  for (let code = 0; code < 128; code++) products[code] = (values[code] as number) * factor;
  for (let code = 0; code < 128; code++) {
    const product = productBits[code] as number;
    const isNumber = (product & 0x7fffffff) <= 0x7f800000;
    const made = isNumber ? bf16FromF32(product) : NAN_BF16;
    const opposite = isNumber ? made ^ 0x8000 : NAN_BF16;
    low[code] = made;
    high[code] = made << 16;
    low[code + 128] = opposite;
    high[code + 128] = opposite << 16;
  }
}

/** Two numbers, as one word, of every e8m0 scale and byte: scale × 256 + byte. Products are exact, or past the largest bf16. */
const mxPairs = new Int32Array(65_536);

function fillMxPairs(): void {
  const sizes = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
  for (let scale = 0; scale < 256; scale++) {
    const made = Array.from({ length: 16 }, (_, code) => {
      f32[0] = (sizes[code & 7] as number) * 2 ** (scale - 127) * (code & 8 ? -1 : 1);
      return scale === 255 ? NAN_BF16 : bf16FromF32(bits[0] as number);
    });
    for (let byte = 0; byte < 256; byte++)
      mxPairs[scale * 256 + byte] = (made[byte & 15] as number) | ((made[byte >> 4] as number) << 16);
  }
}

function fromMxfp4({ first, end }: Range, codes: Uint8Array, scales: Uint8Array, output: Uint8Array): void {
  if (mxPairs[65_535] === 0) fillMxPairs();
  const half = MX_GROUP / 2;
  const last = end / MX_GROUP;
  for (let group = first / MX_GROUP; group < last; ) {
    const until = Math.min(last, group + AT_ONCE / MX_GROUP);
    codeBytes.set(codes.subarray(group * half, until * half));
    for (let each = group; each < until; each++) lookUpPairs((each - group) * half, (scales[each] as number) * 256);
    output.set(numberBytes.subarray(0, 2 * MX_GROUP * (until - group)), 2 * (group * MX_GROUP - first));
    group = until;
  }
}

/** The numbers of one group, whose codes begin at byte `at`. */
function lookUpPairs(at: number, table: number): void {
  for (let byte = at; byte < at + MX_GROUP / 2; byte += 4) {
    const four = codeWords[byte >> 2] as number;
    pairs[byte] = mxPairs[table + (four & 255)] as number;
    pairs[byte + 1] = mxPairs[table + ((four >>> 8) & 255)] as number;
    pairs[byte + 2] = mxPairs[table + ((four >>> 16) & 255)] as number;
    pairs[byte + 3] = mxPairs[table + (four >>> 24)] as number;
  }
}

import {
  type DequantiseSpec,
  dequantiseRange,
  type Fp8Spec,
  granuleOf,
  numbersOf,
  type TurnedRows,
  turnFp8,
} from '../dequantise/cpu.ts';
import { type GatherSpec, moveItems, movesOf } from '../gather/cpu.ts';
import { type Step, wordsOf } from '../gather/turn.ts';

/**
 * Quantised weights as bf16, gathered: `packed` says what each of the gather's inputs is coded as, and the kernel's inputs
 * are the codes and the scales of each in turn, as the dequantise kernel takes them. The gather's items have 2 bytes.
 */
export interface UnpackSpec {
  readonly packed: readonly DequantiseSpec[];
  readonly gather: GatherSpec;
}

/** Numbers that are made before they are moved: 1 MiB, which stays in a second-level cache. */
const STRIP = 524_288;

let kept = new Uint8Array(0);

/**
 * The CPU form of the unpack kernel: FP8 rows that become columns are turned as they are made; other numbers are made strip
 * by strip and moved while they are in cache.
 */
export function unpackCpu(spec: UnpackSpec, inputs: readonly Uint8Array[], output: Uint8Array): void {
  for (const _ of unpackSlices(spec, inputs, output));
}

/** The CPU form, a yield after each strip. */
export function* unpackSlices(
  { packed, gather }: UnpackSpec,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
): Generator<void> {
  const { itemBytes, inputs: moves } = movesOf(gather);
  for (const [index, { steps, from, to }] of moves.entries()) {
    const coding = packed[index] as DequantiseSpec;
    const own = inputs.slice(2 * index, 2 * index + 2);
    const bands = itemBytes === 2 ? bandsOf(coding, steps, from, output, to) : null;
    for (const { rows, target, put, pitch } of bands ?? []) {
      turnFp8(coding as Fp8Spec, own, rows, target, put, pitch);
      yield;
    }
    if (bands) continue;
    for (const strip of stripsOf(coding, steps, from, itemBytes / 2)) {
      if (kept.length < 2 * strip.count) kept = new Uint8Array(2 * strip.count);
      const numbers = kept.subarray(0, 2 * strip.count);
      const range = { first: strip.first, end: strip.first + strip.count };
      dequantiseRange(coding, own, range, numbers);
      moveItems(strip.steps, numbers.subarray(2 * strip.skip), output, 0, to + strip.to, itemBytes);
      yield;
    }
  }
  if (kept.length > 2 * STRIP) kept = new Uint8Array(0);
}

/** Rows of one block row, and where their numbers go as columns; places count words. */
interface Band {
  readonly rows: TurnedRows;
  readonly target: Int32Array;
  readonly put: number;
  readonly pitch: number;
}

/** A move that turns whole FP8 rows, in bands of one block row each; null where it does not, or not in whole words. */
function bandsOf(
  coding: DequantiseSpec,
  steps: readonly Step[],
  from: number,
  output: Uint8Array,
  to: number,
): readonly Band[] | null {
  const [lines, along, more] = steps;
  const words = wordsOf(output);
  if (coding.format === 'mxfp4' || !lines || !along || more || !words) return null;
  const { rows, columns, blockRows, blockColumns } = coding;
  const firstColumn = from % columns;
  const endColumn = firstColumn + lines.size;
  const isTurned = lines.from === 1 && along.to === 1 && along.from === columns && endColumn <= columns;
  const cutsWords =
    lines.size % 4 !== 0 || (endColumn > blockColumns && blockColumns % 4 !== 0) || firstColumn % 4 !== 0;
  if (!isTurned || cutsWords || (to + words.shift) % 2 !== 0 || lines.to % 2 !== 0) return null;
  const bands: Band[] = [];
  const start = (from - firstColumn) / columns;
  for (let row = start; row < start + along.size; ) {
    const matrix = Math.floor(row / rows) * rows;
    const edge = matrix + Math.min(rows, (Math.floor((row - matrix) / blockRows) + 1) * blockRows);
    const end = Math.min(edge, start + along.size);
    if ((end - row) % 2 !== 0) return null;
    const put = (to + words.shift + row - start) / 2;
    bands.push({ rows: { first: row, end, firstColumn, endColumn }, target: words.words, put, pitch: lines.to / 2 });
    row = end;
  }
  return bands;
}

/** Numbers that are made at once, and how they are moved: `skip` of them come before the first that is. */
interface Strip {
  readonly first: number;
  readonly count: number;
  readonly skip: number;
  readonly steps: readonly Step[];
  readonly to: number;
}

/** Cuts a move along the dim that reaches furthest in the input; `per`: numbers of an item. */
function* stripsOf(coding: DequantiseSpec, steps: readonly Step[], from: number, per: number): Generator<Strip> {
  if (steps.some(({ size }) => size === 0)) return;
  const cut = steps.reduce((best, step, at) => (reachOf(step) > reachOf(steps[best] ?? step) ? at : best), 0);
  const step = steps[cut] ?? { size: 1, from: 0, to: 0 };
  const others = steps.reduce((sum, each, at) => sum + (at === cut ? 0 : reachOf(each)), 1);
  const length = lengthOf(coding, step, others, per);
  const granule = granuleOf(coding);
  for (let index = 0; index < step.size; index += length) {
    const size = Math.min(length, step.size - index);
    const start = (from + index * step.from) * per;
    const end = start + ((size - 1) * step.from + others) * per;
    const first = start - (start % granule);
    const count = Math.min(numbersOf(coding), Math.ceil(end / granule) * granule) - first;
    const shorter = steps.map((each, at) => (at === cut ? { ...each, size } : each));
    yield { first, count, skip: start - first, steps: shorter, to: index * step.to };
  }
}

const reachOf = ({ size, from }: Step) => (size - 1) * from;

/** Indices of the cut dim that a strip takes: all of them where strips would share numbers, else whole blocks if it can. */
function lengthOf(coding: DequantiseSpec, { size, from }: Step, others: number, per: number): number {
  if (others > from) return size;
  const most = Math.max(1, Math.floor((STRIP / per - others) / from) + 1);
  const block = coding.format === 'mxfp4' || from * per !== coding.columns ? 1 : coding.blockRows;
  return most >= block ? most - (most % block) : most;
}

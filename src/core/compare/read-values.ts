import { throwIfAborted } from '../errors.ts';
import { bitsOf, type DType, isFloatType } from '../safetensors/dtype.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';
import { type Readers, rangesOf, readSideBySide } from '../verify/byte-compare.ts';
import { bytesInOrder, copyInOrder, isContiguous, type Matrix, STRIP_BYTES } from '../verify/matrix.ts';
import type { Pair } from '../verify/pairs.ts';
import { heldBytes, holding } from '../verify/reading.ts';
import { type Cast, createCastTallier, createTallier, type Tallier, type Tally } from './tally.ts';

/** Elements of one read where two dtypes are compared. */
const CAST_ELEMENTS = 2 * MIB;

/** Is called with the number of compared bytes of both sides. */
export type OnBytes = (left: number, right: number) => void;

/** Compares pairs that are read together (see `unitsOf`), all of one dtype. */
export async function tallyUnit(unit: readonly Pair[], readers: Readers, onBytes: OnBytes): Promise<Tally[]> {
  const [first] = unit;
  const ranges = first && unit.length === 1 ? rangesOf(first) : null;
  if (!first || !ranges) return tallyGathered(unit, readers, onBytes);
  const tallier = createTallier(dtypeOf(first, 'left'));
  await readSideBySide(first, ranges, readers, (a, b) => {
    tallier.add(a, b);
    onBytes(a.byteLength, b.byteLength);
    return true;
  });
  return [tallier.result()];
}

/** Compares a pair of two float dtypes in the less precise one. */
export async function tallyCast(pair: Pair, cast: Cast, readers: Readers, onBytes: OnBytes): Promise<Tally> {
  const [from, to] = [dtypeOf(pair, 'left'), dtypeOf(pair, 'right')];
  if (!isFloatType(from) || !isFloatType(to)) throw new RangeError(`${from} and ${to} have no cast.`);
  const tallier = createCastTallier(from, to, cast);
  if (isRun(pair)) await castRuns(pair, tallier, readers, onBytes);
  else await castGathered(pair, tallier, readers, onBytes);
  return tallier.result();
}

export function dtypeOf(pair: Pair, side: 'left' | 'right'): DType {
  return pair.views?.[side].dtype ?? pair[side].dtype;
}

function isRun({ views }: Pair): boolean {
  return !views || (isContiguous(views.left) && isContiguous(views.right));
}

async function castRuns(pair: Pair, tallier: Tallier, readers: Readers, onBytes: OnBytes): Promise<void> {
  const { left, right, budget, signal } = readers;
  const sides = [pairSide(pair, 'left'), pairSide(pair, 'right')] as const;
  const { count } = sides[0];
  const sources = await Promise.all([left.source(pair.left.file), right.source(pair.right.file)]);
  const most = Math.min(count, CAST_ELEMENTS);
  await holding(budget, most * (sides[0].size + sides[1].size + 8), signal, async () => {
    for (let at = 0; at < count; at += most) {
      throwIfAborted(signal);
      const end = Math.min(count, at + most);
      const read = (source: ByteSource, { start, size }: RunSide) =>
        source.read({ start: start + at * size, end: start + end * size }, { signal });
      const [a, b] = await Promise.all([read(sources[0], sides[0]), read(sources[1], sides[1])]);
      tallier.add(a, b);
      onBytes(a.byteLength, b.byteLength);
    }
  });
}

interface RunSide {
  /** Byte of the file. */
  readonly start: number;
  /** Bytes of an element. */
  readonly size: number;
  readonly count: number;
}

function pairSide(pair: Pair, side: 'left' | 'right'): RunSide {
  const tensor = pair[side];
  const view = pair.views?.[side];
  const size = bitsOf(dtypeOf(pair, side)) / 8;
  if (!view) return { start: tensor.start, size, count: (tensor.end - tensor.start) / size };
  return { start: tensor.start + view.base * size, size, count: view.rows * view.columns };
}

async function castGathered(pair: Pair, tallier: Tallier, readers: Readers, onBytes: OnBytes): Promise<void> {
  await withMatrices([pair], readers, 2, async ([a], [b], strips) => {
    if (!a || !b) return;
    const [x, y] = [copyInOrder([a], strips[0]), copyInOrder([b], strips[1])];
    tallier.add(x, y);
    onBytes(x.byteLength, y.byteLength);
  });
}

async function tallyGathered(unit: readonly Pair[], readers: Readers, onBytes: OnBytes): Promise<Tally[]> {
  const talliers = unit.map((pair) => createTallier(dtypeOf(pair, 'left')));
  await withMatrices(unit, readers, 1, async (left, right, strips) => {
    for (const [at, tallier] of talliers.entries()) {
      const [a, b] = [left[at], right[at]];
      if (a && b) tallyMatrices(a, b, tallier, strips, onBytes);
    }
  });
  return talliers.map((tallier) => tallier.result());
}

/** Loads the matrices of pairs. Memory holds `times` as many bytes as are read. */
async function withMatrices(
  unit: readonly Pair[],
  readers: Readers,
  times: number,
  work: (left: Matrix[], right: Matrix[], strips: readonly [Uint8Array, Uint8Array]) => Promise<void>,
): Promise<void> {
  const views = unit.flatMap((pair) => pair.views ?? []);
  const sides = { left: views.map((view) => view.left), right: views.map((view) => view.right) };
  const read = heldBytes(sides.left, readers.left.checkpoint) + heldBytes(sides.right, readers.right.checkpoint);
  await holding(readers.budget, times * read + 2 * STRIP_BYTES, readers.signal, async () => {
    const [a, b] = await Promise.all([readers.left.load(sides.left), readers.right.load(sides.right)]);
    throwIfAborted(readers.signal);
    await work(a, b, readers.buffers(STRIP_BYTES));
  });
}

function tallyMatrices(
  left: Matrix,
  right: Matrix,
  tallier: Tallier,
  strips: readonly [Uint8Array, Uint8Array],
  onBytes: OnBytes,
): void {
  const [a, b] = [bytesInOrder([left], strips[0]), bytesInOrder([right], strips[1])];
  let x: Uint8Array = new Uint8Array();
  let y: Uint8Array = new Uint8Array();
  for (;;) {
    if (x.byteLength === 0) x = a.next().value ?? x;
    if (y.byteLength === 0) y = b.next().value ?? y;
    const length = Math.min(x.byteLength, y.byteLength);
    if (length === 0) return;
    tallier.add(x.subarray(0, length), y.subarray(0, length));
    onBytes(length, length);
    x = x.subarray(length);
    y = y.subarray(length);
  }
}

/** What was read of a set of files. */
export interface ReadCount {
  reads: number;
  bytes: number;
}

/** Counts what is read from a set of files. */
export function counting(files: FileSet, count: ReadCount): FileSet {
  return {
    identity: files.identity,
    list: (options) => files.list(options),
    open: async (name, options) => {
      const source = await files.open(name, options);
      return {
        key: source.key,
        byteLength: source.byteLength,
        read: async (range, readOptions) => {
          const bytes = await source.read(range, readOptions);
          count.reads += 1;
          count.bytes += bytes.byteLength;
          return bytes;
        },
        dispose: async () => source.dispose?.(),
      };
    },
  };
}

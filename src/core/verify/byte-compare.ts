import type { Budget } from '../budget.ts';
import { throwIfAborted } from '../errors.ts';
import { bitsOf } from '../safetensors/dtype.ts';
import { MIB } from '../units.ts';
import { isRewritten, rewritten } from './diagnose/rewritten.ts';
import { compareInOrder, firstDifference, isContiguous, STRIP_BYTES } from './matrix.ts';
import type { Pair } from './pairs.ts';
import {
  createReader,
  heldBytes,
  holding,
  type Located,
  locate,
  overlap,
  type Reader,
  type VerifySide,
} from './reading.ts';

/** Two checkpoints being read side by side. */
export interface Readers {
  readonly left: Reader;
  readonly right: Reader;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
  /** Two buffers of at least `size` bytes, the same ones at every call: one comparison runs at a time. */
  buffers(size: number): readonly [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
}

/** Readers of two checkpoints; `dispose` closes their files. */
export function createReaders(
  left: VerifySide,
  right: VerifySide,
  { budget, signal }: Pick<Readers, 'budget' | 'signal'>,
): Readers & { dispose(): Promise<void> } {
  const sides = { left: createReader(left, signal), right: createReader(right, signal) };
  let kept = [new Uint8Array(), new Uint8Array()] as const;
  return {
    ...sides,
    budget,
    signal,
    buffers: (size) => {
      if (kept[0].byteLength < size) kept = [new Uint8Array(size), new Uint8Array(size)];
      return kept;
    },
    dispose: async () => {
      await Promise.all([sides.left.dispose(), sides.right.dispose()]);
    },
  };
}

/** The first byte that differs, and its two values. */
export interface FirstByte {
  readonly byte: number;
  readonly left: number;
  readonly right: number;
}

/** Bytes of one read where data lies in one run. */
const CHUNK = 8 * MIB;

/** Pairs that are read together, so that no byte is read twice: gate and up of an expert that lie among each other. */
export function unitsOf(pairs: readonly Pair[]): Pair[][] {
  const units: Pair[][] = [];
  for (const pair of pairs) {
    const unit = units.at(-1);
    const [last] = unit ?? [];
    if (unit && last && belongTogether(last, pair)) unit.push(pair);
    else units.push([pair]);
  }
  return units;
}

function belongTogether(a: Pair, b: Pair): boolean {
  if (!a.views || !b.views || a.slot?.group !== b.slot?.group || a.slot?.expert !== b.slot?.expert) return false;
  const left = a.left === b.left && overlap(locate(a.left, a.views.left), locate(b.left, b.views.left));
  return left || (a.right === b.right && overlap(locate(a.right, a.views.right), locate(b.right, b.views.right)));
}

/** Where each pair of a unit first differs, or null; nothing is read beyond that. */
export async function compareUnit(unit: readonly Pair[], readers: Readers): Promise<(FirstByte | null)[]> {
  const [first] = unit;
  if (first && isRewritten(first)) return compareRewritten(unit, readers);
  if (first && unit.length === 1) {
    const ranges = rangesOf(first);
    if (ranges) return [await compareRanges(first, ranges, readers)];
  }
  return compareGathered(unit, readers);
}

/** The bytes of a pair where both sides lie in one run, else null. */
export function rangesOf({ left, right, views }: Pair): { left: Located; right: Located } | null {
  if (!views) return { left, right };
  if (!isContiguous(views.left) || !isContiguous(views.right)) return null;
  return { left: locate(left, views.left), right: locate(right, views.right) };
}

/** Reads two equally long runs side by side in chunks, until `take` answers false. */
export async function readSideBySide(
  pair: Pair,
  ranges: { left: Located; right: Located },
  readers: Readers,
  take: (a: Uint8Array, b: Uint8Array, at: number) => boolean,
): Promise<void> {
  const { left, right, budget, signal } = readers;
  const length = ranges.left.end - ranges.left.start;
  const size = Math.min(CHUNK, length);
  const [a, b] = await Promise.all([left.source(pair.left.file), right.source(pair.right.file)]);
  await holding(budget, 2 * size, signal, async () => {
    const buffers = readers.buffers(size);
    for (let at = 0; at < length; at += size) {
      throwIfAborted(signal);
      const end = Math.min(at + size, length);
      const range = ({ start }: Located) => ({ start: start + at, end: start + end });
      const [x, y] = await Promise.all([
        a.read(range(ranges.left), { signal, into: buffers[0] }),
        b.read(range(ranges.right), { signal, into: buffers[1] }),
      ]);
      if (!take(x, y, at)) return;
    }
  });
}

async function compareRanges(
  pair: Pair,
  ranges: { left: Located; right: Located },
  readers: Readers,
): Promise<FirstByte | null> {
  let found: FirstByte | null = null;
  await readSideBySide(pair, ranges, readers, (a, b, at) => {
    const byte = firstDifference(a, b);
    if (byte !== null) found = { byte: at + byte, left: a[byte] ?? 0, right: b[byte] ?? 0 };
    return byte === null;
  });
  return found;
}

async function compareGathered(unit: readonly Pair[], readers: Readers): Promise<(FirstByte | null)[]> {
  const views = unit.flatMap((pair) => pair.views ?? []);
  const left = views.map((view) => view.left);
  const right = views.map((view) => view.right);
  const held = heldBytes(left, readers.left.checkpoint) + heldBytes(right, readers.right.checkpoint) + 2 * STRIP_BYTES;
  return holding(readers.budget, held, readers.signal, async () => {
    const [a, b] = await Promise.all([readers.left.load(left), readers.right.load(right)]);
    const strips = readers.buffers(Math.min(STRIP_BYTES, held));
    return unit.map((_, at) => {
      const [x, y] = [a[at], b[at]];
      const difference = x && y ? compareInOrder([x], [y], strips, () => true) : null;
      return difference && { byte: difference.first, left: difference.left, right: difference.right };
    });
  });
}

/** A few bytes of each side, the original's as the conversion must have rewritten them. */
async function compareRewritten(unit: readonly Pair[], { left, right }: Readers): Promise<(FirstByte | null)[]> {
  const views = unit.flatMap((pair) => pair.views ?? []);
  const [before, after] = await Promise.all([
    left.load(views.map((view) => view.left)),
    right.load(views.map((view) => view.right)),
  ]);
  return unit.map((pair, at) => {
    const [a, b] = [before[at], after[at]];
    if (!a || !b) return null;
    const wanted = rewritten(pair, a.bytes);
    const byte = firstDifference(wanted, b.bytes);
    return byte === null ? null : { byte, left: wanted[byte] ?? 0, right: b.bytes[byte] ?? 0 };
  });
}

/** Bytes of the original that a pair compares. */
export function pairBytes(pair: Pair): number {
  if (!pair.views) return pair.left.end - pair.left.start;
  const { rows, columns, dtype } = pair.views.left;
  return (rows * columns * bitsOf(dtype)) / 8;
}

/** What differs, for a reader: from which byte on, of what, and the two values there. */
export function describeByte(pair: Pair, { byte, left, right }: FirstByte): string {
  const hex = (value: number) => `0x${value.toString(16).padStart(2, '0')}`;
  const where = pair.slot === null ? '' : ` of expert ${pair.slot.expert}'s ${pair.slot.projection} matrix`;
  const name = pair.right.name === pair.left.name ? '' : ` (${pair.right.name} in the converted checkpoint)`;
  return `differs from byte ${byte}${where} on: ${hex(left)} in the original, ${hex(right)} in the converted checkpoint${name}`;
}

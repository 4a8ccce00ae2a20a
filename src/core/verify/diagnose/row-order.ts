import { throwIfAborted } from '../../errors.ts';
import { createHasher } from '../../hash.ts';
import { MIB } from '../../units.ts';
import type { Readers } from '../byte-compare.ts';
import type { Pair } from '../pairs.ts';
import { holding } from '../reading.ts';
import { textOrder } from './moves.ts';
import { type Named, tensorMistake } from './name.ts';
import { listed } from './sentence-parts.ts';

/** Routers have a row for each expert; longer tensors are vocabularies, whose order nobody changes. */
const MOST_ROWS = 8192;
const MOST_BYTES = 64 * MIB;

/** Row → the original's row that stands there, where all rows are there in another order; null otherwise. */
export async function rowOrder(pair: Pair, readers: Readers): Promise<readonly number[] | null> {
  const { left, right } = pair;
  const [rows = 0] = left.shape;
  const bytes = left.end - left.start;
  const same = left.dtype === right.dtype && left.shape.join() === right.shape.join();
  if (!same || rows < 2 || rows > MOST_ROWS || bytes > MOST_BYTES || bytes % rows !== 0) return null;
  const { budget, signal } = readers;
  return holding(budget, 2 * bytes, signal, async () => {
    const [a, b] = await Promise.all([
      (await readers.left.source(left.file)).read(left, { signal }),
      (await readers.right.source(right.file)).read(right, { signal }),
    ]);
    throwIfAborted(signal);
    return orderOf(await rowHashes(a, rows), await rowHashes(b, rows));
  });
}

async function rowHashes(bytes: Uint8Array, rows: number): Promise<string[]> {
  const hasher = await createHasher();
  const size = bytes.byteLength / rows;
  return Array.from({ length: rows }, (_, row) => {
    hasher.reset();
    hasher.update(bytes.subarray(row * size, (row + 1) * size));
    return hasher.digest();
  });
}

/** Equal rows are dealt in order, a row that kept its place first. */
function orderOf(original: readonly string[], converted: readonly string[]): number[] | null {
  const places = new Map<string, number[]>();
  original.forEach((hash, row) => {
    const known = places.get(hash);
    if (known) known.push(row);
    else places.set(hash, [row]);
  });
  const order: number[] = [];
  for (const [row, hash] of converted.entries()) {
    const rows = places.get(hash);
    const from = rows?.includes(row) ? row : rows?.[0];
    if (rows === undefined || from === undefined) return null;
    rows.splice(rows.indexOf(from), 1);
    order.push(from);
  }
  return order.some((from, row) => from !== row) ? order : null;
}

/** Names rows that stand in another order. */
export function permutedRows(pair: Pair, order: readonly number[]): Named {
  const moved = order.flatMap((from, row) => (from === row ? [] : [`row ${row} holds row ${from}`]));
  const text = textOrder(order.length).every((from, row) => order[row] === from);
  const phrase = text
    ? 'has its rows in the order of their numbers as text (0, 1, 10, 11, 2 …)'
    : `has its rows in another order (${listed(moved)})`;
  const mistake = tensorMistake('rows-permuted', pair, `${pair.left.name} ${phrase}.`);
  return { mistake, phrases: [[pair, phrase]] };
}

import { createHasher } from '../../hash.ts';
import { bitsOf } from '../../safetensors/dtype.ts';
import { type Readers, rangesOf, readSideBySide } from '../byte-compare.ts';
import {
  ByteComparison,
  type ByteDifference,
  compareInOrder,
  plainMatrix,
  STRIP_BYTES,
  transposed,
} from '../matrix.ts';
import type { Pair } from '../pairs.ts';
import { holding } from '../reading.ts';
import { type Named, shapeText, tensorDamage, tensorMistake } from './name.ts';
import { isHopeless } from './probe.ts';
import { permutedRows, rowOrder } from './row-order.ts';

/** Names what happened to tensors outside the experts: damage, rows in another order, transposition, the values of another tensor. */
export async function nameTensors(pairs: readonly Pair[], readers: Readers): Promise<Named[]> {
  const named: Named[] = [];
  const foreign: Pair[] = [];
  for (const pair of pairs) {
    const damage = sameShape(pair) ? await damageOf(pair, readers) : null;
    const order = damage && damage.count > 1 && !damage.zeros ? await rowOrder(pair, readers) : null;
    if (order) named.push(permutedRows(pair, order));
    else if (damage && (damage.zeros || !isHopeless(damage, bytesOf(pair)))) named.push(tensorDamage(pair, damage));
    else if (await isTransposed(pair, readers)) named.push(turnedTensor(pair));
    else if (damage) foreign.push(pair);
  }
  return [...named, ...(await nameForeign(foreign, readers))];
}

function sameShape({ left, right }: Pair): boolean {
  return left.dtype === right.dtype && left.shape.join() === right.shape.join();
}

function bytesOf({ left }: Pair): number {
  return left.end - left.start;
}

async function damageOf(pair: Pair, readers: Readers): Promise<ByteDifference | null> {
  const comparison = new ByteComparison();
  const ranges = rangesOf(pair);
  if (!ranges) return null;
  await readSideBySide(pair, ranges, readers, (a, b) => {
    comparison.add(a, b);
    const found = comparison.result();
    return !found || found.zeros || !isHopeless(found, bytesOf(pair));
  });
  return comparison.result();
}

/** Tried for matrices of which both sides fit in half the budget. */
async function isTransposed(pair: Pair, { left, right, budget, signal }: Readers): Promise<boolean> {
  const [rows = 0, columns = 0] = pair.left.shape;
  const turned = pair.left.shape.length === 2 && [...pair.left.shape].reverse().join() === pair.right.shape.join();
  const bits = bitsOf(pair.left.dtype);
  if (!turned || pair.left.dtype !== pair.right.dtype || bits < 8 || rows * columns === 0) return false;
  const bytes = 2 * bytesOf(pair) + 2 * STRIP_BYTES;
  if (bytes > budget.capacity / 2) return false;
  return holding(budget, bytes, signal, async () => {
    const [a, b] = await Promise.all([
      (await left.source(pair.left.file)).read(pair.left, { signal }),
      (await right.source(pair.right.file)).read(pair.right, { signal }),
    ]);
    const strips = [new Uint8Array(STRIP_BYTES), new Uint8Array(STRIP_BYTES)] as const;
    const expected = transposed(plainMatrix(a, bits / 8, rows, columns));
    return compareInOrder([expected], [plainMatrix(b, bits / 8, columns, rows)], strips, () => true) === null;
  });
}

function turnedTensor(pair: Pair): Named {
  const shape = pair.left.shape.length > 0 ? ` ${shapeText(pair.left)}` : '';
  const mistake = tensorMistake('matrix-transposed', pair, `${pair.left.name}${shape} is transposed.`);
  return { mistake, phrases: [[pair, 'is transposed']] };
}

/** Tells tensors that stand in each other's place from those of unknown origin, by their hashes. */
async function nameForeign(pairs: readonly Pair[], readers: Readers): Promise<Named[]> {
  const hashes = new Map<Pair, readonly [string, string]>();
  for (const pair of pairs) hashes.set(pair, await hashBoth(pair, readers));
  return pairs.map((pair): Named => {
    const held = pairs.find((other) => hashes.get(other)?.[0] === hashes.get(pair)?.[1]);
    const phrase = held ? `holds the values of ${held.left.name}` : 'holds other values throughout';
    const kind = held ? 'tensor-misplaced' : 'tensor-foreign';
    return { mistake: tensorMistake(kind, pair, `${pair.left.name} ${phrase}.`), phrases: [[pair, phrase]] };
  });
}

async function hashBoth(pair: Pair, readers: Readers): Promise<readonly [string, string]> {
  const [left, right] = [await createHasher(), await createHasher()];
  await readSideBySide(pair, { left: pair.left, right: pair.right }, readers, (a, b) => {
    left.update(a);
    right.update(b);
    return true;
  });
  return [left.digest(), right.digest()];
}

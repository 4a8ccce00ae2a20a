import type { MatrixView, Projection } from '../../layouts/types.ts';
import { matrixView, memberFor } from '../../layouts/view.ts';
import { bitsOf } from '../../safetensors/dtype.ts';
import type { Readers } from '../byte-compare.ts';
import { type ByteDifference, compareInOrder, type Matrix, STRIP_BYTES, sizeOf } from '../matrix.ts';
import { bundlesOf, type Content, type Slot, type SlotPair } from '../pairs.ts';
import { heldBytes, holding } from '../reading.ts';
import { viewsOf } from './tables.ts';
import { type Storage, type Transform, transformed } from './transforms.ts';

/** What one matrix of the converted checkpoint is beside one expert of the original's layer. */
export interface Probe {
  /** The expert of the original. */
  readonly source: number;
  readonly zeros: boolean;
  /** Null when no transform of the expert is like it. `damage` null: exactly equal. */
  readonly found: { readonly transform: Transform; readonly damage: ByteDifference | null } | null;
}

/** Reads one slot and one expert of the original, and tries transforms in order: the first exact one, else the least damaged. */
export async function probeSlot(
  pair: SlotPair,
  source: number,
  transforms: readonly Transform[],
  { left, right, budget, signal, buffers }: Readers,
): Promise<Probe> {
  const { slot, views } = pair;
  const alone = transforms.every((transform) => transform === 'none');
  const originals = viewsOf(slot.group.left, source, alone ? [slot] : bundleOf(slot), left);
  const held = heldBytes([...originals.values()], left.checkpoint);
  const turning = alone ? 0 : 2 * held;
  const bytes = held + turning + heldBytes([views.right], right.checkpoint) + 2 * STRIP_BYTES;
  return holding(budget, bytes, signal, async () => {
    const [matrices, [converted]] = await Promise.all([left.load([...originals.values()]), right.load([views.right])]);
    if (!converted) return { source, zeros: false, found: null };
    const strips = buffers(Math.min(STRIP_BYTES, sizeOf(converted)));
    const known = new Map([...originals.keys()].map((key, at): [Projection, Matrix] => [key, matrices[at] as Matrix]));
    return { source, ...match(known, converted, storageOf(slot, views.right), transforms, strips) };
  });
}

/** What is stored together with a slot's content, itself included. */
export function bundleOf({ group, projection, part }: Slot): readonly Content[] {
  const own = bundlesOf(group.contents).find((each) =>
    each.some((content) => content.projection === projection && content.part === part),
  );
  return own ?? [];
}

function match(
  originals: ReadonlyMap<Projection, Matrix>,
  converted: Matrix,
  storage: Storage,
  transforms: readonly Transform[],
  strips: readonly [Uint8Array, Uint8Array],
): Omit<Probe, 'source'> {
  const size = sizeOf(converted);
  let found: Probe['found'] = null;
  for (const transform of transforms) {
    const expected = transformed(transform, originals, storage, strips[0]);
    if (!expected || expected.reduce((sum, each) => sum + sizeOf(each), 0) !== size) continue;
    const damage = compareInOrder(expected, [converted], strips, (difference) => isHopeless(difference, size));
    if (damage === null) return { zeros: false, found: { transform, damage } };
    if (isHopeless(damage, size)) continue;
    if (!found?.damage || damage.count < found.damage.count) found = { transform, damage };
  }
  return { zeros: isZero(converted, strips), found };
}

/** Too much differs, too far apart, for the rest to be the same matrix. A single byte never is too much. */
export function isHopeless({ count, first, last }: ByteDifference, size: number): boolean {
  return count > 1 && count > size / 16 && last - first + 1 >= size / 2;
}

function isZero(matrix: Matrix, strips: readonly [Uint8Array, Uint8Array]): boolean {
  const zero = { bytes: new Uint8Array(sizeOf({ ...matrix, rows: 1 })), base: 0, rowStride: 0, columnStride: 1 };
  const zeros = { ...matrix, ...zero };
  return compareInOrder([matrix], [zeros], strips, () => true) === null;
}

function storageOf(slot: Slot, view: MatrixView): Storage {
  const { group, projection, part, expert } = slot;
  const original = memberFor(group.left, projection, part);
  const joint = memberFor(group.right, projection, part)?.projection === 'gate-up';
  return {
    projection,
    view,
    gate: joint ? matrixView(group.right, 'gate', expert, part) : null,
    interleaved: joint && group.right.fusion === 'interleaved',
    turnable: bitsOf(view.dtype) >= 8,
    inputsFirst: original?.projection === 'gate-up' && group.left.orientation === 'in-out',
    alternates: group.left.fusion === 'interleaved',
  };
}

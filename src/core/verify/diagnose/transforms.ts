import type { MatrixView, Projection } from '../../layouts/types.ts';
import { copyInOrder, everyOtherRow, isContiguous, type Matrix, plainMatrix, rowOf, transposed } from '../matrix.ts';

/**
 * Ways in which an expert's matrices can stand in a checkpoint, the right one first.
 *
 * `interleaved`: gate's and up's rows alternate where they should follow each other; `deinterleaved`: they follow each
 * other where they should alternate, or were taken apart as if they alternated. `transposed`: the matrix was turned.
 * `turned`: the stored tensor was, gate and up together, or it was not where it should have been. `exchanged`, `cut`: the
 * halves of a tensor that holds inputs first, [in, out], were taken for gate and up, to exchange them or to cut them apart.
 */
export const TRANSFORMS = [
  'none',
  'swapped',
  'interleaved',
  'deinterleaved',
  'transposed',
  'turned',
  'exchanged',
  'cut',
] as const;
export type Transform = (typeof TRANSFORMS)[number];

/** Matrices of one part of one expert of the original. */
export type Originals = ReadonlyMap<Projection, Matrix>;

/** How the converted checkpoint stores what is looked for, and how the original does. */
export interface Storage {
  readonly projection: Projection;
  readonly view: MatrixView;
  /** Gate's view when gate and up share a tensor, else null. */
  readonly gate: MatrixView | null;
  readonly interleaved: boolean;
  /** False where elements share bytes, so that nothing can be turned. */
  readonly turnable: boolean;
  /** True when the original holds gate and up in one tensor, inputs first; and whether they alternate in it. */
  readonly inputsFirst: boolean;
  readonly alternates: boolean;
}

/** What a slot would hold after a transform: matrices to be taken one after another; null where it says nothing new. */
export function transformed(
  transform: Transform,
  originals: Originals,
  storage: Storage,
  strip: Uint8Array,
): readonly Matrix[] | null {
  const { projection } = storage;
  const own = originals.get(projection);
  const [gate, up] = [originals.get('gate'), originals.get('up')];
  if (!own) return null;
  if (transform === 'none') return [own];
  if (transform === 'transposed') return storage.turnable ? [transposed(own)] : null;
  if (transform === 'turned') return storage.turnable ? turned(originals, own, storage, strip) : null;
  if (transform === 'exchanged') return storage.inputsFirst ? halvesExchanged(own) : null;
  if (projection === 'down' || !gate || !up || gate.rows !== up.rows || gate.columns !== up.columns) return null;
  switch (transform) {
    case 'swapped':
      return [projection === 'gate' ? up : gate];
    case 'interleaved':
      return alternating(gate, up).slice(...(projection === 'gate' ? [0, gate.rows] : [gate.rows]));
    case 'deinterleaved':
      return everyOther(gate, up, projection === 'gate' ? 0 : 1);
    case 'cut':
      return storage.inputsFirst && storage.turnable ? cut(gate, up, storage, strip) : null;
  }
}

/** The second half of every row, then the first. */
function halvesExchanged(matrix: Matrix): Matrix[] | null {
  const columns = matrix.columns / 2;
  if (!Number.isInteger(columns)) return null;
  return Array.from({ length: matrix.rows }, (_, at) => {
    const first = { ...rowOf(matrix, at), columns };
    return [{ ...first, base: first.base + columns * matrix.columnStride }, first];
  }).flat();
}

/** One half of the original's stored tensor, divided along its inputs. */
function cut(gate: Matrix, up: Matrix, { projection, alternates }: Storage, strip: Uint8Array): Matrix[] | null {
  const half = gate.columns / 2;
  if (!Number.isInteger(half)) return null;
  const bytes = copyInOrder(alternates ? alternating(gate, up) : [gate, up], strip);
  const stored = transposed(plainMatrix(bytes, gate.itemBytes, 2 * gate.rows, gate.columns));
  return [{ ...stored, rows: half, base: projection === 'gate' ? 0 : half }];
}

/** Rows g0, u0, g1, u1 … */
function alternating(gate: Matrix, up: Matrix): Matrix[] {
  return Array.from({ length: gate.rows }, (_, row) => [rowOf(gate, row), rowOf(up, row)]).flat();
}

/** Rows `from`, `from + 2` … of gate followed by up. */
function everyOther(gate: Matrix, up: Matrix, from: 0 | 1): Matrix[] {
  return [everyOtherRow(gate, from), everyOtherRow(up, (gate.rows + from) % 2)];
}

/** The stored tensor's bytes in the order of the other orientation, looked at as the layout says. */
function turned(originals: Originals, own: Matrix, storage: Storage, strip: Uint8Array): readonly Matrix[] | null {
  const { view, gate: gateView, interleaved } = storage;
  const [gate, up] = [originals.get('gate'), originals.get('up')];
  const upright = isContiguous(view) || view.columnStride === 1;
  if (!gateView && upright) return null;
  if (gateView && (!gate || !up)) return null;
  const parts = gateView && gate && up ? (interleaved ? alternating(gate, up) : [gate, up]) : [own];
  const bytes = copyInOrder(parts, strip);
  const { itemBytes, columns } = own;
  const whole = plainMatrix(bytes, itemBytes, bytes.byteLength / itemBytes / columns, columns);
  const stored = upright ? copyInOrder([transposed(whole)], strip) : bytes;
  const { rows, rowStride, columnStride } = view;
  const base = gateView ? view.base - gateView.base : 0;
  return [{ bytes: stored, itemBytes, base, rows, columns: view.columns, rowStride, columnStride }];
}

import type { CheckpointTensor } from '../../checkpoint/types.ts';
import { elementsOf } from '../../safetensors/dtype.ts';

type Shaped = Pick<CheckpointTensor, 'shape'>;

/** The last two dims, and how many matrices the others count; null below two dims. */
export function matricesOf({ shape }: Shaped): readonly [matrices: number, rows: number, columns: number] | null {
  if (shape.length < 2) return null;
  const [rows = 0, columns = 0] = shape.slice(-2);
  return [elementsOf(shape.slice(0, -2)), rows, columns];
}

/** Rows and columns of the scales of each of so many matrices: [1, 1] for one number; null where the shape does not fit. */
export function gridOf(
  { shape }: Shaped,
  matrices: number,
  rows: number,
): readonly [rows: number, columns: number] | null {
  const count = elementsOf(shape);
  const dims = shape.filter((size) => size !== 1);
  if (count === matrices && (matrices > 1 || dims.length === 0)) return [1, 1];
  if (shape.length === 1) return matrices === 1 && count === rows ? [rows, 1] : null;
  const across = shape.at(-1) ?? 1;
  // ModelOpt writes a grid with ones between: [rows, 1, columns, 1].
  const flat = across === 1 && shape.length === 4 && shape[1] === 1 ? [shape[0] ?? 1, shape[2] ?? 1] : shape.slice(-2);
  const [down = 1, right = 1] = flat;
  if (down * right * matrices === count) return [down, right];
  return matrices > 1 && shape.length === 2 && count === matrices * rows ? [rows, 1] : null;
}

/** Inputs that share a scale, where so many groups serve `columns` inputs; null where they do not divide. */
export function groupSize(columns: number, groups: number): number | null {
  return groups > 0 && columns % groups === 0 ? columns / groups : null;
}

import type { Dim, Folded } from '../gather/dims.ts';
import type { GpuTile } from '../tile.ts';
import { blockOf, planeShader, SIDE, type Split } from './wgsl.ts';

/**
 * A gather in which neighbours of the input are rows of the output: `batch` × `rows` × (`outer` × `inner`), where the
 * rows' stride is 1. Output rows and input rows start on whole words.
 */
export interface Plane {
  readonly itemBytes: number;
  readonly batch: Dim;
  readonly rows: number;
  readonly outer: Dim;
  readonly inner: Dim;
}

const ONE: Dim = { size: 1, stride: 0, select: false };

/** Bytes of a row or column below which a square would be mostly empty. */
const NARROW = 64;

/** A folded gather as a plane, null when it is none, is narrow, or has rows that do not start on whole words. */
export function planeOf({ itemBytes, dims }: Folded): Plane | null {
  if (itemBytes > 8) return null;
  const at = dims.findIndex((dim) => !dim.select && dim.stride === 1);
  const before = dims.slice(0, at);
  const after = dims.slice(at + 1);
  if (at < 0 || after.length === 0 || after.length > 2 || before.length > 1) return null;
  const inner = after.at(-1) ?? ONE;
  const outer = after.length === 2 ? (after[0] ?? ONE) : ONE;
  const plane = { itemBytes, batch: before[0] ?? ONE, rows: dims[at]?.size ?? 0, outer, inner };
  if (Math.min(plane.rows, outer.size * inner.size) * itemBytes < NARROW) return null;
  const starts = [plane.batch.stride, outer.stride, inner.stride, outer.size * inner.size];
  return starts.every((items) => (items * itemBytes) % 4 === 0) ? plane : null;
}

/** How the two dims of columns are told apart in a block of `width` columns. */
function splitOf({ itemBytes, outer, inner }: Plane, width: number): Split {
  if (outer.size === 1) return 'one';
  if (inner.select && inner.size === 2 && itemBytes < 4) return 'pair';
  if (!inner.select && inner.size % width === 0) return 'whole';
  if (inner.size >= width) return 'wrap';
  return Number.isInteger(Math.log2(inner.size)) ? 'shift' : 'divide';
}

/** One dispatch over a plane: workgroups take rectangles of it. */
export function planeTile(
  plane: Plane,
  inputs: number,
  frame: Pick<GpuTile, 'uploads' | 'outputBytes' | 'place'>,
): GpuTile {
  const { itemBytes, batch, rows, outer, inner } = plane;
  const block = blockOf(itemBytes);
  const columns = outer.size * inner.size;
  const across = Math.ceil(columns / block.columns);
  const down = Math.ceil(rows / block.rows);
  const select = [batch, outer, inner].findIndex((dim) => dim.select);
  const split = splitOf(plane, block.columns);
  const strides = [batch, outer, inner].map((dim) => (dim.stride * SIDE) / block.rows);
  return {
    ...frame,
    uploads: select < 0 ? frame.uploads.slice(0, 1) : frame.uploads,
    shader: planeShader({ itemBytes, select, split, inputs: select < 0 ? 1 : inputs }),
    params: Uint32Array.from([
      rows,
      columns,
      split === 'shift' ? Math.log2(inner.size) : inner.size,
      ...strides,
      across,
      down,
      across * down * batch.size,
    ]),
    groups: across * down * batch.size,
  };
}

import type { Box } from '../tile.ts';
import type { GatherSpec } from './cpu.ts';

/** One dim of the output: how far apart its neighbours lie in the input. `select`: its index names the input. */
export interface Dim {
  readonly size: number;
  readonly stride: number;
  readonly select: boolean;
}

/** A gather of items of 1, 2, 4, 8 or 16 bytes in as few dims as it takes, every base 0. */
export interface Folded {
  readonly itemBytes: number;
  readonly dims: readonly Dim[];
}

/** The part of a gather that a box of its output is, in items of at most `most` bytes. */
export function foldBox({ itemBytes, shape, strides, select }: GatherSpec, box: Box, most = 16): Folded {
  const dims = shape.map((_, dim): Dim => {
    const [lo = 0, hi = 0] = box[dim] ?? [];
    return { size: hi - lo, stride: dim === select ? 0 : (strides[dim] ?? 0), select: dim === select };
  });
  const unit = unitOf(itemBytes);
  const inner = itemBytes / unit;
  const split = dims.map((dim) => ({ ...dim, stride: dim.stride * inner }));
  if (inner > 1) split.push({ size: inner, stride: 1, select: false });
  return widen({ itemBytes: unit, dims: merge(split.filter((dim) => dim.size !== 1)) }, most);
}

/** The largest power of two up to 16 that divides an item. */
function unitOf(itemBytes: number): number {
  let unit = 1;
  while (unit < 16 && itemBytes % (2 * unit) === 0) unit *= 2;
  return unit;
}

/** Joins neighbouring dims that one stride covers. */
function merge(dims: readonly Dim[]): Dim[] {
  const merged: Dim[] = [];
  for (const dim of dims) {
    const outer = merged.at(-1);
    if (outer && !outer.select && !dim.select && outer.stride === dim.stride * dim.size) {
      merged[merged.length - 1] = { ...dim, size: outer.size * dim.size };
    } else {
      merged.push(dim);
    }
  }
  return merged;
}

/** Takes runs of the innermost dim as larger items, as long as every stride allows. */
function widen({ itemBytes, dims }: Folded, most: number): Folded {
  const last = dims.at(-1);
  if (!last || last.select || last.stride !== 1 || itemBytes >= most || last.size % 2 !== 0) return { itemBytes, dims };
  const others = dims.slice(0, -1);
  if (others.some((dim) => dim.stride % 2 !== 0)) return { itemBytes, dims };
  const wider = others.map((dim) => ({ ...dim, stride: dim.stride / 2 }));
  const inner = last.size === 2 ? [] : [{ ...last, size: last.size / 2 }];
  return widen({ itemBytes: itemBytes * 2, dims: merge([...wider, ...inner]) }, most);
}

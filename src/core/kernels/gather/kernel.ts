import type { Kernel } from '../kernel.ts';
import { type Box, boxes, type GpuTile, GROUP, type Place, type TileLimits } from '../tile.ts';
import { planeOf, planeTile } from '../transpose/plane.ts';
import { type GatherSpec, gatherCpu } from './cpu.ts';
import { type Dim, type Folded, foldBox } from './dims.ts';
import { gatherShader, MAX_INPUTS, MAX_RANK, unzipShader, zipShader } from './wgsl.ts';

/** What a tile is besides its shader. */
export type TileFrame = Pick<GpuTile, 'uploads' | 'outputBytes' | 'place'>;

/** Stack, concatenate, interleave, gather rows, transpose: everything that moves elements and leaves them as they are. */
export const gatherKernel: Kernel<GatherSpec> = {
  name: 'gather',
  op: gatherOp,
  outputBytes: ({ shape, itemBytes }) => shape.reduce((product, size) => product * size, itemBytes),
  cpu: gatherCpu,
  tiles: gatherTiles,
};

export function gatherOp(spec: GatherSpec): string {
  const { itemBytes, dims } = foldBox(spec, wholeBox(spec));
  const last = dims.at(-1);
  const form = !last || (!last.select && last.stride === 1) ? 'rows' : 'elements';
  const transposed = dims.some((dim, index) => index < dims.length - 1 && !dim.select && dim.stride === 1);
  return `${transposed ? 'transposed' : form}, ${spec.bases.length > 1 ? 'two inputs, ' : ''}${itemBytes} B`;
}

export function wholeBox({ shape }: GatherSpec): Box {
  return shape.map((size) => [0, size] as const);
}

/** Tiles of a gather: boxes of the output whose bytes, and whose inputs' bytes, fit a binding. */
function gatherTiles(spec: GatherSpec, { tileBytes }: TileLimits): Iterable<GpuTile> | null {
  if (spec.bases.length > MAX_INPUTS || spec.strides.some((stride) => stride < 0)) return null;
  if (spec.itemBytes > tileBytes) return null;
  if (foldBox(spec, wholeBox(spec)).dims.length > MAX_RANK) return null;
  return generate(spec, tileBytes);
}

function* generate(spec: GatherSpec, tileBytes: number): Generator<GpuTile> {
  if (spec.shape.some((size) => size === 0)) return;
  const fits = (box: Box) =>
    volume(box) * spec.itemBytes <= tileBytes && reach(spec, box) * spec.itemBytes <= tileBytes;
  const weigh = (box: Box, dim: number) => weight(spec, box, dim);
  for (const box of boxes(wholeBox(spec), fits, weigh)) {
    yield tileOf(foldBox(spec, box), spec.bases.length, frameOf(spec, box));
  }
}

/** Output bytes that a box spans in the input count first; a dim of stride 0 still shortens the output. */
export function weight({ strides, select }: GatherSpec, box: Box, dim: number): number {
  const [lo, hi] = box[dim] ?? [0, 0];
  return dim === select ? 0 : (hi - lo - 1) * ((strides[dim] ?? 0) + 1e-3);
}

export function volume(box: Box): number {
  return box.reduce((product, [lo, hi]) => product * (hi - lo), 1);
}

/** Elements of an input from the first to the last that a box takes. */
export function reach({ strides, select }: GatherSpec, box: Box): number {
  return box.reduce((sum, [lo, hi], dim) => sum + (dim === select ? 0 : (hi - lo - 1) * (strides[dim] ?? 0)), 1);
}

function frameOf(spec: GatherSpec, box: Box): TileFrame {
  const { itemBytes, strides, bases, select } = spec;
  const first = box.reduce((sum, [lo], dim) => sum + (dim === select ? 0 : lo * (strides[dim] ?? 0)), 0);
  const length = reach(spec, box) * itemBytes;
  const uploads = bases.map((base, input) => {
    const start = (base + first) * itemBytes;
    return { input, start, end: start + length };
  });
  return { uploads, outputBytes: volume(box) * itemBytes, place: placeOf(spec, box) };
}

/** Where a box of the output lies in it: dims from the first that is cut outwards are walked, the rest is one run. */
export function placeOf({ shape, itemBytes }: GatherSpec, box: Box): Place {
  const dims: { size: number; pitch: number }[] = [];
  let runBytes = itemBytes;
  let pitch = itemBytes;
  let at = 0;
  let cut = false;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    const [lo = 0, hi = 0] = box[dim] ?? [];
    if (cut) dims.unshift({ size: hi - lo, pitch });
    else runBytes *= hi - lo;
    if (hi - lo !== shape[dim]) cut = true;
    at += lo * pitch;
    pitch *= shape[dim] ?? 1;
  }
  return { at, runBytes, dims: dims.filter(({ size }) => size > 1) };
}

function tileOf(folded: Folded, inputs: number, frame: TileFrame): GpuTile {
  const plane = planeOf(folded);
  if (plane) return planeTile(plane, inputs, frame);
  return zipTile(folded, inputs, frame) ?? unzipTile(folded, frame) ?? itemTile(folded, inputs, frame);
}

export const POINT: Dim = { size: 1, stride: 0, select: false };

/** Dims as a shader walks them: sizes that are powers of two as logarithms, each followed by its stride. */
export function walkOf(dims: readonly Dim[]) {
  const logs = dims.map(({ size }) => Math.log2(size));
  const shifts = logs.map((log, dim) => dim > 0 && Number.isInteger(log));
  const params = dims.flatMap(({ size, stride }, dim) => [shifts[dim] ? (logs[dim] ?? 0) : size, stride]);
  return { rank: dims.length, shifts, params };
}

/** Elements of a run that a thread takes from either place. */
const ZIPPED = 4;

/** Pairs of 16-bit elements whose partners lie in two runs, all of them on whole vectors; else null. */
function zipTile({ itemBytes, dims }: Folded, inputs: number, frame: TileFrame): GpuTile | null {
  const pair = dims.at(-1);
  const run = dims.at(-2);
  if (itemBytes !== 2 || pair?.size !== 2 || !run || run.select || run.stride !== 1) return null;
  const outer = dims.slice(0, -2);
  const whole = [run.size, pair.stride, ...outer.map((dim) => dim.stride)].every((items) => items % ZIPPED === 0);
  if (!whole || (pair.select ? inputs !== 2 : outer.some((dim) => dim.select))) return null;
  const wide = outer.map((dim) => ({ ...dim, stride: dim.stride / ZIPPED }));
  const { rank, shifts, params } = walkOf([...wide, { ...run, size: run.size / ZIPPED }]);
  const count = frame.outputBytes / (4 * ZIPPED);
  return {
    ...frame,
    uploads: pair.select ? frame.uploads : frame.uploads.slice(0, 1),
    shader: zipShader({ rank, select: pair.select, shifts }),
    params: Uint32Array.from([count, ...params, pair.stride / ZIPPED]),
    groups: Math.ceil(count / GROUP),
  };
}

/** Elements that a thread keeps of twice as many. */
const KEPT = 8;

/** Every other 16-bit element of one input's runs, all of them on whole vectors; else null. */
function unzipTile({ itemBytes, dims }: Folded, frame: TileFrame): GpuTile | null {
  const run = dims.at(-1);
  const outer = dims.slice(0, -1);
  if (itemBytes !== 2 || run?.stride !== 2 || dims.some((dim) => dim.select)) return null;
  if (![run.size, ...outer.map((dim) => dim.stride)].every((items) => items % KEPT === 0)) return null;
  const wide = outer.map((dim) => ({ ...dim, stride: dim.stride / KEPT }));
  const { rank, shifts, params } = walkOf([...wide, { ...run, size: run.size / KEPT }]);
  const count = frame.outputBytes / (2 * KEPT);
  return {
    ...frame,
    uploads: frame.uploads.slice(0, 1),
    shader: unzipShader({ rank, shifts }),
    params: Uint32Array.from([count, ...params]),
    groups: Math.ceil(count / GROUP),
  };
}

function itemTile({ itemBytes, dims }: Folded, inputs: number, frame: TileFrame): GpuTile {
  const walked = dims.length === 0 ? [POINT] : dims;
  const count = frame.outputBytes / itemBytes;
  const select = walked.findIndex((dim) => dim.select);
  const { rank, shifts, params } = walkOf(walked);
  const threads = itemBytes >= 4 ? count : Math.ceil((count * itemBytes) / 4);
  return {
    ...frame,
    uploads: select < 0 ? frame.uploads.slice(0, 1) : frame.uploads,
    shader: gatherShader({ itemBytes, rank, select, inputs: select < 0 ? 1 : inputs, shifts }),
    params: Uint32Array.from([count, ...params]),
    groups: Math.ceil(threads / GROUP),
  };
}

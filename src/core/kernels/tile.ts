import { MIB } from '../units.ts';

/** Threads of a workgroup: every WebGPU device allows 256. */
export const GROUP = 256;

/** What every WebGPU device lets one shader see of a buffer, unless it says that it allows less. */
export const MAX_TILE_BYTES = 128 * MIB;

/** Bindings end on whole vectors of four words; the bytes past a tile's own are zero and never read back. */
export const PADDING = 16;

/** A compute shader with one uniform of words (binding 0), `inputs` read-only buffers, and one output (last binding). */
export interface Shader {
  /** Equal keys mean equal code. */
  readonly key: string;
  readonly code: string;
  readonly inputs: number;
}

/** Bytes of one of a kernel's inputs that a tile reads; the shader sees them from its byte 0. */
export interface Upload {
  readonly input: number;
  readonly start: number;
  readonly end: number;
}

/** Where a tile's bytes go: runs of `runBytes`, laid out in the output by nested dims, outermost first. */
export interface Place {
  readonly at: number;
  readonly runBytes: number;
  readonly dims: readonly { readonly size: number; readonly pitch: number }[];
}

/** Work for one dispatch, as a value: every index inside it fits 32 bits, whatever the size of the tensors. */
export interface GpuTile {
  readonly shader: Shader;
  readonly params: Uint32Array<ArrayBuffer>;
  readonly uploads: readonly Upload[];
  /** Workgroups of 256 threads, in any number: they are spread over two dimensions. */
  readonly groups: number;
  readonly outputBytes: number;
  readonly place: Place;
}

export interface TileLimits {
  /** Bytes that one binding of a tile may have. */
  readonly tileBytes: number;
}

/** A tile's bytes as one run of the output. */
export function runAt(at: number, runBytes: number): Place {
  return { at, runBytes, dims: [] };
}

/** Copies a tile's bytes to their place in the whole output. */
export function placeBytes(place: Place, bytes: Uint8Array, output: Uint8Array): void {
  const { runBytes, dims } = place;
  let from = 0;
  const visit = (depth: number, at: number): void => {
    const dim = dims[depth];
    if (!dim) {
      output.set(bytes.subarray(from, from + runBytes), at);
      from += runBytes;
      return;
    }
    for (let index = 0; index < dim.size; index++) visit(depth + 1, at + index * dim.pitch);
  };
  visit(0, place.at);
}

/** Workgroups as (x, y) with at least `groups` in all, x at most `perDimension`. Shaders skip those beyond. */
export function dispatchSize(groups: number, perDimension: number): readonly [number, number] {
  if (groups <= perDimension) return [groups, 1];
  const rows = Math.ceil(groups / perDimension);
  return [Math.ceil(groups / rows), rows];
}

export function padded(bytes: number): number {
  return Math.max(PADDING, Math.ceil(bytes / PADDING) * PADDING);
}

/** Ranges that cover 0 to `count` in order, each a multiple of `step` long (the last one aside) and at most `most`. */
export function* ranges(count: number, most: number, step: number): Generator<readonly [number, number]> {
  const length = Math.max(step, Math.floor(most / step) * step);
  for (let start = 0; start < count; start += length) yield [start, Math.min(count, start + length)];
}

/** The least and the end of the indices that a box takes of each dim. */
export type Box = readonly (readonly [number, number])[];

/** Cuts fall on multiples of this, so that rows of small elements keep starting on whole words. */
const CUT = 64;

/**
 * Halves a box, each time along the dim that `weigh` finds heaviest, until `fits`; in order. Boxes are disjoint and
 * cover the whole. One that cannot be cut any further is given as it is.
 */
export function* boxes(
  box: Box,
  fits: (box: Box) => boolean,
  weigh: (box: Box, dim: number) => number,
): Generator<Box> {
  if (fits(box)) {
    yield box;
    return;
  }
  let heaviest = -1;
  let most = 0;
  for (const [dim, [lo, hi]] of box.entries()) {
    const weight = hi - lo > 1 ? weigh(box, dim) : 0;
    if (weight > most) [heaviest, most] = [dim, weight];
  }
  const range = box[heaviest];
  if (!range) {
    yield box;
    return;
  }
  const [lo, hi] = range;
  const half = Math.ceil((hi - lo) / 2);
  const middle = lo + (half > CUT ? Math.ceil(half / CUT) * CUT : hi - lo > CUT ? CUT : half);
  yield* boxes(replaced(box, heaviest, [lo, middle]), fits, weigh);
  yield* boxes(replaced(box, heaviest, [middle, hi]), fits, weigh);
}

function replaced(box: Box, dim: number, range: readonly [number, number]): Box {
  return box.map((old, index) => (index === dim ? range : old));
}

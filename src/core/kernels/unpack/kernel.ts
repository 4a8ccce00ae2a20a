import { type DequantiseSpec, granuleOf, MX_GROUP, numbersOf } from '../dequantise/cpu.ts';
import { dequantiseKernel } from '../dequantise/kernel.ts';
import { foldBox } from '../gather/dims.ts';
import { gatherKernel, POINT, placeOf, reach, volume, walkOf, weight, wholeBox } from '../gather/kernel.ts';
import { MAX_RANK } from '../gather/wgsl.ts';
import type { Kernel } from '../kernel.ts';
import { type Box, boxes, type GpuTile, GROUP, type TileLimits, type Upload } from '../tile.ts';
import { type UnpackSpec, unpackCpu, unpackSlices } from './cpu.ts';
import { unpackShader } from './wgsl.ts';

/** Quantised weights as bf16, gathered in the same step: codes go in, and numbers come out where they belong. */
export const unpackKernel: Kernel<UnpackSpec> = {
  name: 'unpack',
  op: ({ packed, gather }) => `${dequantiseKernel.op(packed[0] as DequantiseSpec)}, ${gatherKernel.op(gather)}`,
  outputBytes: ({ gather }) => gatherKernel.outputBytes(gather),
  cpu: unpackCpu,
  slices: unpackSlices,
  tiles: unpackTiles,
};

/** Inputs whose codes and scales a shader may see: devices allow eight buffers, one of them the output. */
const MAX_PACKED = 3;

function unpackTiles(spec: UnpackSpec, { tileBytes }: TileLimits): Iterable<GpuTile> | null {
  const { packed, gather } = spec;
  if (packed.length > MAX_PACKED || gather.strides.some((stride) => stride < 0)) return null;
  if (!packed.every((coding) => sameGeometry(coding, packed[0] as DequantiseSpec))) return null;
  if (packed.some((coding) => 4 * granuleOf(coding) > tileBytes)) return null;
  if (foldBox(gather, wholeBox(gather), gather.itemBytes).dims.length > MAX_RANK) return null;
  return generate(spec, tileBytes);
}

function sameGeometry(a: DequantiseSpec, b: DequantiseSpec): boolean {
  if (a.format === 'mxfp4' || b.format === 'mxfp4') return a.format === b.format;
  const sizes = ['format', 'rows', 'columns', 'blockRows', 'blockColumns'] as const;
  return sizes.every((size) => a[size] === b[size]);
}

function* generate(spec: UnpackSpec, tileBytes: number): Generator<GpuTile> {
  const { packed, gather } = spec;
  if (gather.shape.some((size) => size === 0)) return;
  const granule = granuleOf(packed[0] as DequantiseSpec);
  // Codes and scales of whole granules; a scale has four bytes at most.
  const fits = (box: Box) =>
    volume(box) * gather.itemBytes <= tileBytes &&
    originsOf(spec, box).every(({ uploads }) => uploads.every(({ start, end }) => end - start <= tileBytes)) &&
    reach(gather, box) + 2 * granule <= tileBytes;
  const weigh = (box: Box, dim: number) => weight(gather, box, dim);
  for (const box of boxes(wholeBox(gather), fits, weigh)) yield tileOf(spec, box);
}

interface Origin {
  readonly uploads: readonly [Upload, Upload];
  /** As the shader's parameters are named. */
  readonly params: readonly number[];
}

/** What a box takes of each input, and where that begins. */
function originsOf({ packed, gather }: UnpackSpec, box: Box): Origin[] {
  const { strides, bases, select } = gather;
  const offset = box.reduce((sum, [lo], dim) => sum + (dim === select ? 0 : lo * (strides[dim] ?? 0)), 0);
  const length = reach(gather, box);
  return bases.map((base, input) => {
    const coding = packed[input] as DequantiseSpec;
    const granule = granuleOf(coding);
    const start = base + offset;
    const first = Math.floor(start / granule);
    const end = Math.min(numbersOf(coding) / granule, Math.ceil((start + length) / granule));
    return originOf(coding, input, { first, end }, start - first * granule);
  });
}

function originOf(
  coding: DequantiseSpec,
  input: number,
  { first, end }: { readonly first: number; readonly end: number },
  number: number,
): Origin {
  const [codes, scales] = [2 * input, 2 * input + 1];
  if (coding.format === 'mxfp4') {
    const half = MX_GROUP / 2;
    const uploads = [
      { input: codes, start: first * half, end: end * half },
      { input: scales, start: first, end },
    ] as const;
    return { uploads, params: [number, 0, 0] };
  }
  const { rows, columns, blockRows, blockColumns } = coding;
  const gridRow = (row: number) =>
    Math.floor(row / rows) * Math.ceil(rows / blockRows) + Math.floor((row % rows) / blockRows);
  const gridBytes = 4 * Math.ceil(columns / blockColumns);
  const uploads = [
    { input: codes, start: first * columns, end: end * columns },
    { input: scales, start: gridRow(first) * gridBytes, end: (gridRow(end - 1) + 1) * gridBytes },
  ] as const;
  // Rows are counted from the matrix that the codes begin in, so that they fit 32 bits whatever the number of matrices.
  const matrix = Math.floor(first / rows);
  return { uploads, params: [number, first - matrix * rows, gridRow(first) - gridRow(matrix * rows)] };
}

function tileOf(spec: UnpackSpec, box: Box): GpuTile {
  const { packed, gather } = spec;
  const coding = packed[0] as DequantiseSpec;
  const { dims } = foldBox(gather, box, gather.itemBytes);
  const walked = dims.length === 0 ? [POINT] : dims;
  const select = walked.findIndex((dim) => dim.select);
  const { rank, shifts, params } = walkOf(walked);
  // A box that has one index of the selecting dim takes of that input alone.
  const lone = gather.select === null ? 0 : (box[gather.select]?.[0] ?? 0);
  const origins = originsOf(spec, box);
  const used = select < 0 ? origins.slice(lone, lone + 1) : origins;
  const count = volume(box);
  return {
    shader: unpackShader({ format: coding.format, rank, select, inputs: used.length, shifts }),
    params: Uint32Array.from([count, ...params, ...geometryOf(coding), ...used.flatMap((origin) => origin.params)]),
    uploads: used.flatMap(({ uploads }) => uploads),
    groups: Math.ceil(count / 2 / GROUP),
    outputBytes: count * gather.itemBytes,
    place: placeOf(gather, box),
  };
}

function geometryOf(coding: DequantiseSpec): readonly number[] {
  if (coding.format === 'mxfp4') return [0, 0, 0, 0, 0, 0];
  const { rows, columns, blockRows, blockColumns } = coding;
  const grid = [Math.ceil(rows / blockRows), Math.ceil(columns / blockColumns)];
  return [columns, rows, ...grid, blockRows, blockColumns];
}

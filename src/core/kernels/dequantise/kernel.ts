import type { Kernel } from '../kernel.ts';
import { type GpuTile, GROUP, ranges, runAt, type TileLimits } from '../tile.ts';
import { type DequantiseSpec, dequantiseCpu, dequantiseSlices, type Fp8Spec, MX_GROUP, type Mxfp4Spec } from './cpu.ts';
import { fp8Shader, mxfp4Shader } from './wgsl.ts';

/** Quantised weights as bf16. Not lossless: bf16 has fewer digits than code × scale. */
export const dequantiseKernel: Kernel<DequantiseSpec> = {
  name: 'dequantise',
  op: (spec) => (spec.format === 'mxfp4' ? 'MXFP4 to BF16' : `FP8 ${spec.format} to BF16`),
  outputBytes: (spec) => 2 * (spec.format === 'mxfp4' ? spec.groups * MX_GROUP : spec.batch * spec.rows * spec.columns),
  cpu: dequantiseCpu,
  slices: dequantiseSlices,
  tiles: (spec, limits) => {
    if (spec.format === 'mxfp4') return mxfp4Tiles(spec, limits);
    return 2 * spec.columns > limits.tileBytes ? null : fp8Tiles(spec, limits);
  },
};

/** Codes that a workgroup looks up: enough that its table of 256 products is nothing beside them. */
const REGION = 16384;
const MOST_COLUMNS = 2048;

/** Whole rows, counted through all matrices. */
function* fp8Tiles(spec: Fp8Spec, { tileBytes }: TileLimits): Generator<GpuTile> {
  const { batch, rows, columns, blockRows, blockColumns } = spec;
  if (batch * rows * columns === 0) return;
  const gridColumns = Math.ceil(columns / blockColumns);
  const most = Math.floor(tileBytes / Math.max(2 * columns, 4 * gridColumns));
  for (const [first, end] of ranges(batch * rows, Math.max(1, most), most >= blockRows ? blockRows : 1)) {
    yield fp8Tile(spec, first, end);
  }
}

function fp8Tile(spec: Fp8Spec, first: number, end: number): GpuTile {
  const { format, rows, columns, blockRows, blockColumns } = spec;
  const gridRows = Math.ceil(rows / blockRows);
  const gridColumns = Math.ceil(columns / blockColumns);
  const gridRow = (row: number) => Math.floor(row / rows) * gridRows + Math.floor((row % rows) / blockRows);
  const count = (end - first) * columns;
  const firstRow = first % rows;
  const grid = [gridRows, gridColumns, Math.floor(firstRow / blockRows), blockRows, blockColumns];
  const tileGridRows = gridRow(end - 1) + 1 - gridRow(first);
  const wide = columns % 8 === 0 && blockColumns % 8 === 0;
  const regions = regionsOf(spec, end - first, tileGridRows);
  return {
    shader: fp8Shader(format, wide),
    params: Uint32Array.from([columns, rows, firstRow, ...grid, ...(wide ? regions.params : [count])]),
    uploads: [
      { input: 0, start: first * columns, end: end * columns },
      { input: 1, start: 4 * gridRow(first) * gridColumns, end: 4 * (gridRow(end - 1) + 1) * gridColumns },
    ],
    groups: wide ? regions.groups : Math.ceil(count / 2 / GROUP),
    outputBytes: 2 * count,
    place: runAt(2 * first * columns, 2 * count),
  };
}

/** How blocks are dealt to workgroups: each takes `lines` rows of `span` columns of one block. */
function regionsOf({ rows, columns, blockRows, blockColumns }: Fp8Spec, tileRows: number, tileGridRows: number) {
  const [height, width] = [Math.min(blockRows, rows), Math.min(blockColumns, columns)];
  const span = Math.min(width, MOST_COLUMNS);
  const lines = Math.max(1, Math.min(height, Math.floor(REGION / span)));
  const [across, down] = [Math.ceil(width / span), Math.ceil(height / lines)];
  const groups = tileGridRows * down * Math.ceil(columns / blockColumns) * across;
  return { params: [tileRows, tileGridRows, span, lines, across, down], groups };
}

function* mxfp4Tiles({ groups }: Mxfp4Spec, { tileBytes }: TileLimits): Generator<GpuTile> {
  for (const [first, end] of ranges(groups, Math.floor(tileBytes / (2 * MX_GROUP)), 16)) {
    const threads = (end - first) * 4;
    yield {
      shader: mxfp4Shader(),
      params: Uint32Array.from([threads]),
      uploads: [
        { input: 0, start: (first * MX_GROUP) / 2, end: (end * MX_GROUP) / 2 },
        { input: 1, start: first, end },
      ],
      groups: Math.ceil(threads / GROUP),
      outputBytes: 2 * (end - first) * MX_GROUP,
      place: runAt(2 * first * MX_GROUP, 2 * (end - first) * MX_GROUP),
    };
  }
}

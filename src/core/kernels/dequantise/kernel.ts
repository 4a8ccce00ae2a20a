import type { Kernel } from '../kernel.ts';
import { type GpuTile, GROUP, ranges, runAt, type TileLimits } from '../tile.ts';
import { type DequantiseSpec, dequantiseCpu, type Fp8Spec, MX_GROUP, type Mxfp4Spec } from './cpu.ts';
import { fp8Shader, mxfp4Shader } from './wgsl.ts';

/** Quantised weights as bf16. Not lossless: bf16 has fewer digits than code × scale. */
export const dequantiseKernel: Kernel<DequantiseSpec> = {
  name: 'dequantise',
  op: (spec) => (spec.format === 'mxfp4' ? 'MXFP4 to BF16' : `FP8 ${spec.format} to BF16`),
  outputBytes: (spec) => 2 * (spec.format === 'mxfp4' ? spec.groups * MX_GROUP : spec.batch * spec.rows * spec.columns),
  cpu: dequantiseCpu,
  tiles: (spec, limits) => {
    if (spec.format === 'mxfp4') return mxfp4Tiles(spec, limits);
    return 2 * spec.columns > limits.tileBytes ? null : fp8Tiles(spec, limits);
  },
};

/** Whole rows, counted through all matrices. */
function* fp8Tiles(spec: Fp8Spec, { tileBytes }: TileLimits): Generator<GpuTile> {
  const { format, batch, rows, columns, blockRows, blockColumns } = spec;
  if (batch * rows * columns === 0) return;
  const gridRows = Math.ceil(rows / blockRows);
  const gridColumns = Math.ceil(columns / blockColumns);
  const wide = columns % 8 === 0 && blockColumns % 8 === 0;
  const gridRow = (row: number) => Math.floor(row / rows) * gridRows + Math.floor((row % rows) / blockRows);
  const most = Math.floor(tileBytes / Math.max(2 * columns, 4 * gridColumns));
  for (const [first, end] of ranges(batch * rows, Math.max(1, most), most >= blockRows ? blockRows : 1)) {
    const count = (end - first) * columns;
    const threads = Math.ceil(count / (wide ? 8 : 2));
    const firstRow = first % rows;
    const params = [firstRow, gridRows, gridColumns, Math.floor(firstRow / blockRows), blockRows, blockColumns];
    yield {
      shader: fp8Shader(format, wide),
      params: Uint32Array.from([wide ? threads : count, columns, rows, ...params]),
      uploads: [
        { input: 0, start: first * columns, end: end * columns },
        { input: 1, start: 4 * gridRow(first) * gridColumns, end: 4 * (gridRow(end - 1) + 1) * gridColumns },
      ],
      groups: Math.ceil(threads / GROUP),
      outputBytes: 2 * count,
      place: runAt(2 * first * columns, 2 * count),
    };
  }
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

import { floatBytes } from '../float.ts';
import type { Kernel } from '../kernel.ts';
import { type GpuTile, ranges, runAt, type TileLimits } from '../tile.ts';
import { CHUNK, chunksOf, RECORD, type StatisticsSpec, statisticsCpu } from './cpu.ts';
import { statisticsShader } from './wgsl.ts';

const RECORD_BYTES = 4 * RECORD;

/** Records of statistics, one a chunk; `summarise` makes them one set a segment. */
export const statisticsKernel: Kernel<StatisticsSpec> = {
  name: 'statistics',
  op: ({ dtype }) => dtype,
  outputBytes: ({ segments, count }) => segments * chunksOf(count) * RECORD_BYTES,
  cpu: statisticsCpu,
  tiles: statisticsTiles,
};

/** As many whole segments a tile as fit, where each starts on a whole vector; else pieces of one. */
function* statisticsTiles(spec: StatisticsSpec, { tileBytes }: TileLimits): Generator<GpuTile> {
  const { dtype, segments, count } = spec;
  if (count === 0) return;
  const size = count * floatBytes(dtype);
  const most = size % 16 === 0 ? Math.max(1, Math.floor(tileBytes / size)) : 1;
  for (const [first, end] of ranges(segments, most, 1)) {
    if (size <= tileBytes) yield tileOf(dtype, first * count, count, end - first, first * chunksOf(count));
    else yield* piecesOf(spec, first, Math.floor(tileBytes / floatBytes(dtype)));
  }
}

function* piecesOf({ dtype, count }: StatisticsSpec, segment: number, most: number): Generator<GpuTile> {
  for (const [start, end] of ranges(count, most, CHUNK)) {
    yield tileOf(dtype, segment * count + start, end - start, 1, segment * chunksOf(count) + start / CHUNK);
  }
}

/** `segments` runs of `count` numbers from element `start` on; their records from record `record` on. */
function tileOf(
  dtype: StatisticsSpec['dtype'],
  start: number,
  count: number,
  segments: number,
  record: number,
): GpuTile {
  const bytes = floatBytes(dtype);
  const chunks = chunksOf(count) * segments;
  return {
    shader: statisticsShader(dtype),
    params: Uint32Array.from([chunks, chunksOf(count), count, count]),
    uploads: [{ input: 0, start: start * bytes, end: (start + count * segments) * bytes }],
    groups: chunks,
    outputBytes: chunks * RECORD_BYTES,
    place: runAt(record * RECORD_BYTES, chunks * RECORD_BYTES),
  };
}

import { floatBytes } from '../float.ts';
import type { Kernel } from '../kernel.ts';
import { type GpuTile, ranges, runAt, type TileLimits } from '../tile.ts';
import { CHUNK, chunksOf, type DifferenceSpec, differenceCpu, RECORD } from './cpu.ts';
import { differenceShader } from './wgsl.ts';

const RECORD_BYTES = 4 * RECORD;

/** Records of how two runs of numbers differ, one a chunk; `summariseDifference` makes them one. */
export const differenceKernel: Kernel<DifferenceSpec> = {
  name: 'difference',
  op: ({ dtype }) => dtype,
  outputBytes: ({ count }) => chunksOf(count) * RECORD_BYTES,
  cpu: differenceCpu,
  tiles: differenceTiles,
};

function* differenceTiles({ dtype, count }: DifferenceSpec, { tileBytes }: TileLimits): Generator<GpuTile> {
  const bytes = floatBytes(dtype);
  for (const [start, end] of ranges(count, Math.floor(tileBytes / bytes), CHUNK)) {
    const chunks = chunksOf(end - start);
    const range = { start: start * bytes, end: end * bytes };
    yield {
      shader: differenceShader(dtype),
      params: Uint32Array.from([chunks, end - start]),
      uploads: [
        { input: 0, ...range },
        { input: 1, ...range },
      ],
      groups: chunks,
      outputBytes: chunks * RECORD_BYTES,
      place: runAt((start / CHUNK) * RECORD_BYTES, chunks * RECORD_BYTES),
    };
  }
}

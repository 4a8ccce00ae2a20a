import { floatBytes } from '../float.ts';
import type { Kernel } from '../kernel.ts';
import { type GpuTile, GROUP, ranges, runAt, type TileLimits } from '../tile.ts';
import { type CastSpec, castCpu } from './cpu.ts';
import { castShader, perThread } from './wgsl.ts';

/** f32, bf16 and f16, any to any. */
export const castKernel: Kernel<CastSpec> = {
  name: 'cast',
  op: ({ from, to }) => `${from} to ${to}`,
  outputBytes: ({ to, count }) => count * floatBytes(to),
  cpu: castCpu,
  tiles: castTiles,
};

function* castTiles({ from, to, count }: CastSpec, { tileBytes }: TileLimits): Generator<GpuTile> {
  const wide = Math.max(floatBytes(from), floatBytes(to));
  for (const [start, end] of ranges(count, Math.floor(tileBytes / wide), 8)) {
    const threads = Math.ceil((end - start) / perThread(from, to));
    yield {
      shader: castShader(from, to),
      params: Uint32Array.from([threads]),
      uploads: [{ input: 0, start: start * floatBytes(from), end: end * floatBytes(from) }],
      groups: Math.ceil(threads / GROUP),
      outputBytes: (end - start) * floatBytes(to),
      place: runAt(start * floatBytes(to), (end - start) * floatBytes(to)),
    };
  }
}

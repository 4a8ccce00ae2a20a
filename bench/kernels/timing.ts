import { type Gpu, MAP, USAGE } from '../../src/core/kernels/device.ts';
import { buildShader } from '../../src/core/kernels/shader.ts';
import { dispatchSize, type GpuTile, padded, runAt } from '../../src/core/kernels/tile.ts';

/** A tile and the bytes that it reads. */
export interface TileWork {
  readonly tile: GpuTile;
  readonly inputs: readonly Uint8Array[];
}

/** A tile whose inputs lie on the device, ready to be dispatched again and again. */
export interface Prepared {
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly size: readonly [number, number];
  destroy(): void;
}

/** The plain copying shader: a vector of four words a thread. */
export function copyCase(bytes: number): TileWork {
  const count = bytes / 16;
  const shader = buildShader({
    key: 'copy',
    params: ['count'],
    inputs: ['vec4<u32>'],
    output: 'vec4<u32>',
    main: '  if (thread >= p.count) { return; }\n  result[thread] = in0[thread];',
  });
  const input = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) input[i] = (i * 31) >> 3;
  const uploads = [{ input: 0, start: 0, end: bytes }];
  const params = Uint32Array.from([count]);
  const groups = Math.ceil(count / 256);
  return { tile: { shader, params, uploads, groups, outputBytes: bytes, place: runAt(0, bytes) }, inputs: [input] };
}

export async function prepare(gpu: Gpu, { tile, inputs }: TileWork): Promise<Prepared> {
  const { device } = gpu;
  const pipeline = await gpu.pipeline(tile.shader);
  const make = (size: number, usage: number) => device.createBuffer({ size, usage });
  const params = make(Math.max(16, tile.params.byteLength), USAGE.uniform | USAGE.copyDst);
  device.queue.writeBuffer(params, 0, tile.params);
  const sources = tile.uploads.map(({ input, start, end }) => {
    const buffer = make(padded(end - start), USAGE.storage | USAGE.copyDst);
    const bytes = new Uint8Array(padded(end - start));
    bytes.set((inputs[input] as Uint8Array).subarray(start, end));
    device.queue.writeBuffer(buffer, 0, bytes);
    return buffer;
  });
  const buffers = [params, ...sources, make(padded(tile.outputBytes), USAGE.storage)];
  const bindings = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  return {
    pipeline,
    bindings,
    size: dispatchSize(tile.groups, gpu.groupsPerDimension),
    destroy: () => {
      for (const buffer of buffers) buffer.destroy();
    },
  };
}

/** How long a device is kept busy first: graphics cards raise their clocks only under load. */
const WARM_MS = 700;

/**
 * Seconds that `repeats` dispatches of each work take, round by round in turns, without a pause between them; by the
 * device's own clock where it has one.
 */
export async function timeInTurns(
  gpu: Gpu,
  works: readonly Prepared[],
  { rounds, repeats }: { readonly rounds: number; readonly repeats: number },
): Promise<number[][]> {
  const { device } = gpu;
  const clock = device.features.has('timestamp-query') ? createClock(device, 2 * rounds * works.length) : null;
  const start = performance.now();
  do {
    for (const work of works) device.queue.submit([encode(device, work, repeats)]);
    await device.queue.onSubmittedWorkDone();
  } while (clock && performance.now() - start < WARM_MS);
  const seconds = works.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, work] of works.entries()) {
      const begin = performance.now();
      device.queue.submit([encode(device, work, repeats, clock?.writes(round * works.length + at))]);
      if (clock) continue;
      await device.queue.onSubmittedWorkDone();
      seconds[at]?.push((performance.now() - begin) / 1000);
    }
  }
  if (!clock) return seconds;
  const measured = await clock.read();
  return works.map((_, at) => Array.from({ length: rounds }, (_, round) => measured[round * works.length + at] ?? 0));
}

function encode(
  device: GPUDevice,
  work: Prepared,
  repeats: number,
  timestampWrites?: GPUComputePassTimestampWrites,
): GPUCommandBuffer {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
  pass.setPipeline(work.pipeline);
  pass.setBindGroup(0, work.bindings);
  for (let repeat = 0; repeat < repeats; repeat++) pass.dispatchWorkgroups(...work.size);
  pass.end();
  return encoder.finish();
}

const QUERY_RESOLVE = 0x200;

function createClock(device: GPUDevice, count: number) {
  const size = 8 * count;
  const querySet = device.createQuerySet({ type: 'timestamp', count });
  const resolved = device.createBuffer({ size, usage: QUERY_RESOLVE | USAGE.copySrc });
  const readback = device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyDst });
  return {
    writes: (pair: number) => ({
      querySet,
      beginningOfPassWriteIndex: 2 * pair,
      endOfPassWriteIndex: 2 * pair + 1,
    }),
    /** Seconds of each pair. */
    read: async (): Promise<number[]> => {
      const encoder = device.createCommandEncoder();
      encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, readback, 0, size);
      device.queue.submit([encoder.finish()]);
      await readback.mapAsync(MAP.read);
      const ticks = new BigUint64Array(readback.getMappedRange().slice(0));
      for (const buffer of [resolved, readback]) buffer.destroy();
      querySet.destroy();
      return Array.from(
        { length: count / 2 },
        (_, pair) => Number((ticks[2 * pair + 1] ?? 0n) - (ticks[2 * pair] ?? 0n)) / 1e9,
      );
    },
  };
}

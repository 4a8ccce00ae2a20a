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

/** Seconds that `repeats` dispatches take on the device, by its own clock where it has one. */
export async function secondsOf(gpu: Gpu, work: Prepared, repeats: number): Promise<number> {
  const { device } = gpu;
  const clock = device.features.has('timestamp-query') ? createClock(device) : null;
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass(clock ? { timestampWrites: clock.writes } : {});
  pass.setPipeline(work.pipeline);
  pass.setBindGroup(0, work.bindings);
  for (let repeat = 0; repeat < repeats; repeat++) pass.dispatchWorkgroups(...work.size);
  pass.end();
  clock?.resolve(encoder);
  const start = performance.now();
  device.queue.submit([encoder.finish()]);
  if (clock) return clock.read();
  await device.queue.onSubmittedWorkDone();
  return (performance.now() - start) / 1000;
}

function createClock(device: GPUDevice) {
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 });
  const resolved = device.createBuffer({ size: 16, usage: 0x200 | USAGE.copySrc });
  const readback = device.createBuffer({ size: 16, usage: USAGE.mapRead | USAGE.copyDst });
  return {
    writes: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
    resolve: (encoder: GPUCommandEncoder) => {
      encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, readback, 0, 16);
    },
    read: async () => {
      await readback.mapAsync(MAP.read);
      const [begin = 0n, end = 0n] = new BigUint64Array(readback.getMappedRange().slice(0));
      for (const buffer of [resolved, readback]) buffer.destroy();
      querySet.destroy();
      return Number(end - begin) / 1e9;
    },
  };
}

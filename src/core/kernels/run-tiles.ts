import { isAbort, LoomError, throwIfAborted } from '../errors.ts';
import { type Gpu, type Loan, MAP, scoped } from './device.ts';
import { dispatchSize, type GpuTile, padded, placeBytes, type Upload } from './tile.ts';

const LOSS_NEWS_MS = 500;

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

export interface RunTilesOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once, when as many tiles as the device takes are under way, or all of them. */
  readonly onWaiting?: (() => void) | undefined;
}

/**
 * Runs tiles on a device and puts their bytes into `output`. All runs on a device share its ring: one tile is computed
 * while the one before is read back and the one after is uploaded.
 *
 * Bytes are believed only when the device reported no fault for the commands that made them.
 *
 * @throws DeviceLost; LoomError `internal` with the device's own words (out of memory, invalid); `cancelled`.
 */
export async function runTiles(
  gpu: Gpu,
  tiles: Iterable<GpuTile>,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
  { signal, onWaiting }: RunTilesOptions = {},
): Promise<void> {
  const running: Promise<void>[] = [];
  let failed = false;
  let waiting = onWaiting;
  const wait = () => {
    waiting?.();
    waiting = undefined;
  };
  try {
    for (const tile of tiles) {
      if (gpu.ring.isFull()) wait();
      const leave = await gpu.ring.enter();
      if (failed || signal?.aborted) {
        leave();
        break;
      }
      const promise = Promise.race([runTile(gpu, tile, inputs, output).finally(leave), gpu.lost]);
      promise.catch(() => {
        failed = true;
      });
      running.push(promise);
    }
    wait();
    await Promise.all(running);
    throwIfAborted(signal);
  } catch (error) {
    await Promise.allSettled(running);
    // Buffers of a lost device fail before the news of its loss comes.
    if (!isAbort(error)) await Promise.race([gpu.lost, pause(LOSS_NEWS_MS)]);
    throw error;
  }
}

async function runTile(gpu: Gpu, tile: GpuTile, inputs: readonly Uint8Array[], output: Uint8Array): Promise<void> {
  const pipeline = await gpu.pipeline(tile.shader);
  const bytes = padded(tile.outputBytes);
  const readback = gpu.lend('readback', bytes);
  try {
    const { fault } = scoped(gpu.device, () => submit(gpu, tile, inputs, pipeline, readback.buffer));
    const [message] = await Promise.all([fault, mapped(readback.buffer, bytes)]);
    // What ran before a loss has been given up by then: its output may be somebody else's.
    if (gpu.isLost()) await gpu.lost;
    if (message !== null) throw new LoomError('internal', `The graphics device failed: ${message}`);
    placeBytes(tile.place, new Uint8Array(readback.buffer.getMappedRange(0, bytes), 0, tile.outputBytes), output);
    readback.buffer.unmap();
  } finally {
    readback.give();
  }
}

async function mapped(buffer: GPUBuffer, bytes: number): Promise<void> {
  try {
    await buffer.mapAsync(MAP.read, 0, bytes);
  } catch (error) {
    throw new LoomError('internal', `The graphics device gave nothing back: ${String(error)}`, {}, error);
  }
}

type Lend = (usage: Parameters<Gpu['lend']>[0], bytes: number) => GPUBuffer;

/**
 * Uploads, dispatches, and asks for the result, which will be in `readback`. The other buffers go back at once: what the
 * queue does with them next, it does after this; upload buffers are mapped again as soon as they were copied.
 */
function submit(
  gpu: Gpu,
  tile: GpuTile,
  inputs: readonly Uint8Array[],
  pipeline: GPUComputePipeline,
  readback: GPUBuffer,
): void {
  const loans: Loan[] = [];
  const lend: Lend = (usage, bytes) => {
    const loan = gpu.lend(usage, bytes);
    loans.push(loan);
    return loan.buffer;
  };
  try {
    record(gpu, tile, inputs, pipeline, readback, lend);
  } finally {
    for (const loan of loans) loan.give();
  }
}

function record(
  gpu: Gpu,
  tile: GpuTile,
  inputs: readonly Uint8Array[],
  pipeline: GPUComputePipeline,
  readback: GPUBuffer,
  lend: Lend,
): void {
  const { device } = gpu;
  const encoder = device.createCommandEncoder();
  const uploaded = tile.uploads.map((upload) => stage(upload, inputs, encoder, lend));
  const params = lend('params', tile.params.byteLength);
  device.queue.writeBuffer(params, 0, tile.params);
  const bytes = padded(tile.outputBytes);
  const result = lend('storage', bytes);
  const buffers = [{ buffer: params }, ...uploaded, { buffer: result, size: bytes }];
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((resource, binding) => ({ binding, resource })),
    }),
  );
  pass.dispatchWorkgroups(...dispatchSize(tile.groups, gpu.groupsPerDimension));
  pass.end();
  encoder.copyBufferToBuffer(result, 0, readback, 0, bytes);
  device.queue.submit([encoder.finish()]);
}

/** Copies a tile's input through a mapped buffer into one that shaders see, zeros after its end. */
function stage(
  { input, start, end }: Upload,
  inputs: readonly Uint8Array[],
  encoder: GPUCommandEncoder,
  lend: Lend,
): GPUBufferBinding {
  const bytes = padded(end - start);
  const staging = lend('upload', bytes);
  const target = new Uint8Array(staging.getMappedRange(0, bytes));
  target.set((inputs[input] as Uint8Array).subarray(start, end));
  target.fill(0, end - start);
  staging.unmap();
  const buffer = lend('storage', bytes);
  encoder.copyBufferToBuffer(staging, 0, buffer, 0, bytes);
  return { buffer, size: bytes };
}

import { type Gpu, MAP, USAGE } from '../../src/core/kernels/device.ts';
import { GB } from '../../src/core/units.ts';

const TIMES = 16;

/** Rates of what surrounds a kernel: bytes into a mapped buffer and on to the device, and back into an array. */
export async function measureTransfers(gpu: Gpu, bytes: number) {
  const { device } = gpu;
  const source = new Uint8Array(bytes).fill(7);
  const target = new Uint8Array(bytes);
  const storage = device.createBuffer({ size: bytes, usage: USAGE.storage | USAGE.copySrc | USAGE.copyDst });
  const upload = async () => {
    const { buffer, give } = gpu.lend('upload', bytes);
    new Uint8Array(buffer.getMappedRange(0, bytes)).set(source);
    buffer.unmap();
    copy(device, buffer, storage, bytes);
    await device.queue.onSubmittedWorkDone();
    give();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const readback = async () => {
    const { buffer, give } = gpu.lend('readback', bytes);
    copy(device, storage, buffer, bytes);
    await buffer.mapAsync(MAP.read, 0, bytes);
    target.set(new Uint8Array(buffer.getMappedRange(0, bytes)));
    buffer.unmap();
    give();
  };
  const host = () => Promise.resolve(target.set(source));
  const rate = async (work: () => Promise<void>) => {
    for (let time = 0; time < 3; time++) await work();
    const start = performance.now();
    for (let time = 0; time < TIMES; time++) await work();
    return Number(((bytes * TIMES) / GB / ((performance.now() - start) / 1000)).toFixed(2));
  };
  const result = {
    upload_gbs: await rate(upload),
    readback_gbs: await rate(readback),
    memory_copy_gbs: await rate(host),
  };
  storage.destroy();
  return result;
}

function copy(device: GPUDevice, from: GPUBuffer, to: GPUBuffer, bytes: number): void {
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
  device.queue.submit([encoder.finish()]);
}

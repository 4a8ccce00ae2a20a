import { createRing, RING, type Ring, type RingSize } from './ring.ts';
import { MAX_TILE_BYTES, type Shader, type TileLimits } from './tile.ts';

/** WebGPU's numbers for buffer usages and map modes, which Node has no globals for. */
export const USAGE = { mapRead: 1, mapWrite: 2, copySrc: 4, copyDst: 8, uniform: 0x40, storage: 0x80 } as const;
export const MAP = { read: 1, write: 2 } as const;

/** Free buffers of one size and usage that are kept: those of the deepest ring, and two that are being mapped again. */
const KEPT = 10;
const SMALLEST = 4096;

/** The device went away: a crash of the driver, a sleep, or `destroy()`. */
export class DeviceLost extends Error {
  constructor(reason: string) {
    super(`The graphics device was lost: ${reason}`);
    this.name = 'DeviceLost';
  }
}

/** A buffer that goes back to its pool. */
export interface Loan {
  readonly buffer: GPUBuffer;
  give(): void;
}

/** An open device with what is kept between tiles. */
export interface Gpu {
  readonly device: GPUDevice;
  readonly limits: TileLimits;
  /** Bytes that a tile may have at most. */
  readonly mostTileBytes: number;
  /** Shared by all who run tiles. */
  readonly ring: Ring;
  /** What a person would call the adapter. */
  readonly name: string;
  readonly groupsPerDimension: number;
  /** Rejects with {@link DeviceLost} when the device goes away, else never settles. */
  readonly lost: Promise<never>;
  isLost(): boolean;
  pipeline(shader: Shader): Promise<GPUComputePipeline>;
  /** A buffer of at least `bytes`; its contents are whatever was there. Upload buffers come mapped. */
  lend(usage: 'upload' | 'storage' | 'readback' | 'params', bytes: number): Loan;
  dispose(): void;
}

const USAGES = {
  upload: USAGE.mapWrite | USAGE.copySrc,
  storage: USAGE.storage | USAGE.copySrc | USAGE.copyDst,
  readback: USAGE.mapRead | USAGE.copyDst,
  params: USAGE.uniform | USAGE.copyDst,
} as const;

/**
 * Opens the fastest adapter, with bindings as large as it allows up to 128 MiB. Null when there is no adapter.
 *
 * @throws what `requestDevice` throws.
 */
export async function openGpu(source: GPU, ring: RingSize = RING): Promise<Gpu | null> {
  const adapter = await source.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return null;
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const binding = Math.min(MAX_TILE_BYTES, maxStorageBufferBindingSize, maxBufferSize);
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxStorageBufferBindingSize: binding,
      maxBufferSize: Math.min(maxBufferSize, 2 * MAX_TILE_BYTES),
    },
  });
  return createGpu(device, { ...ring, name: adapterName(adapter), mostTileBytes: binding });
}

function adapterName({ info }: GPUAdapter): string {
  const words = [info?.vendor, info?.architecture, info?.description].filter((word) => word);
  return words.length > 0 ? words.join(' ') : 'unnamed adapter';
}

export interface GpuOptions {
  readonly name: string;
  readonly tileBytes: number;
  /** {@link RING}'s unless given. */
  readonly depth?: number;
  /** `tileBytes` unless given. */
  readonly mostTileBytes?: number;
}

/** The same device with another ring. */
export function withRing(gpu: Gpu, { tileBytes, depth }: RingSize): Gpu {
  return { ...gpu, limits: { tileBytes: Math.min(tileBytes, gpu.mostTileBytes) }, ring: createRing(depth) };
}

/** Takes a device over: its pools, its pipelines, the news of its loss. */
export function createGpu(device: GPUDevice, options: GpuOptions): Gpu {
  const { mostTileBytes = options.tileBytes } = options;
  let gone: string | null = null;
  const lost = device.lost.then(({ reason, message }) => {
    gone = message || reason;
    throw new DeviceLost(gone);
  });
  lost.catch(() => undefined);
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();
  const pools = new Map<string, GPUBuffer[]>();
  return {
    device,
    name: options.name,
    limits: { tileBytes: Math.min(options.tileBytes, mostTileBytes) },
    mostTileBytes,
    ring: createRing(options.depth ?? RING.depth),
    groupsPerDimension: device.limits.maxComputeWorkgroupsPerDimension,
    lost,
    isLost: () => gone !== null,
    pipeline: ({ key, code }) => {
      const known = pipelines.get(key) ?? compile(device, key, code);
      pipelines.set(key, known);
      return known;
    },
    lend: (usage, bytes) => {
      const size = sizeClass(bytes);
      const key = `${usage} ${size}`;
      const free = pools.get(key) ?? [];
      pools.set(key, free);
      const buffer =
        free.pop() ?? device.createBuffer({ size, usage: USAGES[usage], mappedAtCreation: usage === 'upload' });
      return { buffer, give: () => void takeBack(buffer, free, usage) };
    },
    dispose: () => {
      for (const buffer of [...pools.values()].flat()) buffer.destroy();
      pools.clear();
      device.destroy();
    },
  };
}

/** Back into the pool; upload buffers once they are mapped again. */
async function takeBack(buffer: GPUBuffer, free: GPUBuffer[], usage: keyof typeof USAGES): Promise<void> {
  try {
    if (usage === 'upload' && buffer.mapState === 'unmapped') await buffer.mapAsync(MAP.write);
    if (usage === 'readback' && buffer.mapState !== 'unmapped') buffer.unmap();
    if (free.length < KEPT) free.push(buffer);
    else buffer.destroy();
  } catch {
    buffer.destroy();
  }
}

/** @throws Error with the compiler's own words. */
async function compile(device: GPUDevice, label: string, code: string): Promise<GPUComputePipeline> {
  const module = device.createShaderModule({ label, code });
  try {
    return await device.createComputePipelineAsync({ label, layout: 'auto', compute: { module, entryPoint: 'main' } });
  } catch (error) {
    const { messages } = await module.getCompilationInfo();
    const first = messages.find(({ type }) => type === 'error');
    throw first ? new Error(`${label}, line ${first.lineNum}: ${first.message}`, { cause: error }) : error;
  }
}

/** Powers of two and one and a half times them: few sizes, so that buffers are used again. */
export function sizeClass(bytes: number): number {
  let size = SMALLEST;
  while (size < bytes) {
    if (size * 1.5 >= bytes) return size * 1.5;
    size *= 2;
  }
  return size;
}

/** Runs `work` and says what the device held against the commands in it, null for nothing. */
export function scoped<T>(
  device: GPUDevice,
  work: () => T,
): { readonly value: T; readonly fault: Promise<string | null> } {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  let value: T;
  const pop = () => device.popErrorScope().catch(() => null);
  try {
    value = work();
  } catch (error) {
    void pop();
    void pop();
    throw error;
  }
  const faults = Promise.all([pop(), pop()]);
  return { value, fault: faults.then((all) => all.find((each) => each !== null)?.message ?? null) };
}

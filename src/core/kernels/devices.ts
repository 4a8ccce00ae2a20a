import { LoomError } from '../errors.ts';
import { DeviceLost, type Gpu, openGpu, withRing } from './device.ts';
import { type MeasuredRing, measureRing } from './measure-ring.ts';
import { RING } from './ring.ts';
import { ringOf } from './ring-memory.ts';

export interface DeviceOptions {
  /** Where devices come from; `navigator.gpu` unless given. */
  readonly gpu?: GPU | null | undefined;
  /** Tiles of at most so many bytes, in the usual ring; else the ring is measured. */
  readonly tileBytes?: number | undefined;
}

/** The device of an engine. */
export interface Devices {
  /** Runs work on the device, again on a new one when it is lost. `failure`: why it could not, null when it did. */
  use(work: (gpu: Gpu, output: Uint8Array) => Promise<void>, output: Uint8Array): Promise<{ failure: string | null }>;
  name(): string | null;
  /** How bytes travel to the device: null before it is open, and where tests decide it. */
  ring(): MeasuredRing | null;
  dispose(): void;
}

/** The device, opened when first needed and replaced once. */
export function createDevices({ gpu, tileBytes }: DeviceOptions): Devices {
  let current: Promise<Gpu | null> | null = null;
  let name: string | null = null;
  let ring: MeasuredRing | null = null;
  let losses = 0;
  let failure: string | null = null;

  const open = async (): Promise<Gpu | null> => {
    const source = gpu === undefined ? defaultGpu() : gpu;
    if (!source) return null;
    const opened = await openGpu(source, tileBytes === undefined ? RING : { ...RING, tileBytes });
    if (!opened) return null;
    name = opened.name;
    if (tileBytes !== undefined) return opened;
    ring = await ringOf(opened.name, () => measureRing(opened));
    return withRing(opened, ring);
  };
  const attempt = async (work: Parameters<Devices['use']>[0], output: Uint8Array): Promise<boolean> => {
    current ??= open();
    const used = current;
    const opened = await used;
    if (!opened) {
      failure = 'There is no WebGPU adapter here.';
      return false;
    }
    try {
      await work(opened, output);
      return true;
    } catch (error) {
      if (!(error instanceof DeviceLost)) throw error;
      if (current === used) {
        losses++;
        current = null;
      }
      if (losses > 1) failure = 'The graphics device was lost twice.';
      return false;
    }
  };
  const use: Devices['use'] = async (work, output) => {
    try {
      for (let tries = 0; tries < 2 && failure === null; tries++) {
        if (await attempt(work, output)) return { failure: null };
      }
      return { failure: failure ?? 'The graphics device was lost twice.' };
    } catch (error) {
      if (error instanceof LoomError && error.tag === 'cancelled') throw error;
      failure = error instanceof Error ? error.message : String(error);
      return { failure };
    }
  };
  const dispose = () => {
    void current?.then((opened) => opened?.dispose()).catch(() => undefined);
    current = null;
    failure = 'The engine was closed.';
  };
  return { use, name: () => name, ring: () => ring, dispose };
}

function defaultGpu(): GPU | null {
  const scope = globalThis as { navigator?: { gpu?: GPU } };
  return scope.navigator?.gpu ?? null;
}

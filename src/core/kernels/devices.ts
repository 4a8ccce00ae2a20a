import { LoomError } from '../errors.ts';
import { DeviceLost, type Gpu, openGpu, withRing } from './device.ts';
import type { Kernel } from './kernel.ts';
import { type MeasuredRing, measureRing } from './measure-ring.ts';
import { RING } from './ring.ts';
import { ringOf } from './ring-memory.ts';
import { runTiles } from './run-tiles.ts';

export interface DeviceOptions {
  /** A device that another thread owns; else this thread opens one. */
  readonly devices?: Devices | undefined;
  /** Where devices come from; `navigator.gpu` unless given. */
  readonly gpu?: GPU | null | undefined;
  /** Tiles of at most so many bytes, in the usual ring; else the ring is measured. */
  readonly tileBytes?: number | undefined;
}

export interface DeviceRunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called where this thread has nothing to do for the run but to wait; again when the work is done again. */
  readonly onWaiting?: (() => void) | undefined;
  /**
   * Where given, the buffer of `output` may be moved to another thread, and this one is left with none: called with the bytes
   * that take its place, of the same length, before the run ends in whichever way.
   */
  readonly onMoved?: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined;
}

/** Why a device could not do its work, null when it did. */
export interface DeviceOutcome {
  readonly failure: string | null;
}

/** The device of an engine: in this thread, or in one that several share. */
export interface Devices {
  /**
   * Fills `output` with what the kernel makes of `inputs`, again on a new device when one is lost.
   *
   * @throws LoomError `cancelled`.
   */
  run<Spec>(
    kernel: Kernel<Spec>,
    spec: Spec,
    inputs: readonly Uint8Array[],
    output: Uint8Array,
    options?: DeviceRunOptions,
  ): Promise<DeviceOutcome>;
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
  const attempt = async (work: (gpu: Gpu) => Promise<void>): Promise<boolean> => {
    current ??= open();
    const used = current;
    const opened = await used;
    if (!opened) {
      failure = 'There is no WebGPU adapter here.';
      return false;
    }
    try {
      await work(opened);
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
  const use = async (work: (gpu: Gpu) => Promise<void>): Promise<DeviceOutcome> => {
    try {
      for (let tries = 0; tries < 2 && failure === null; tries++) {
        if (await attempt(work)) return { failure: null };
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
  const run: Devices['run'] = (kernel, spec, inputs, output, options) =>
    use(async (opened) => {
      const tiles = kernel.tiles(spec, opened.limits);
      if (!tiles) throw new LoomError('internal', 'This shape fits no tile.');
      await runTiles(opened, tiles, inputs, output, options);
    });
  return { run, name: () => name, ring: () => ring, dispose };
}

function defaultGpu(): GPU | null {
  const scope = globalThis as { navigator?: { gpu?: GPU } };
  return scope.navigator?.gpu ?? null;
}

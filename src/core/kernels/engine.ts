import { LoomError, throwIfAborted } from '../errors.ts';
import { GB, KIB, MIB } from '../units.ts';
import type { Gpu } from './device.ts';
import { createDevices, type DeviceOptions, type Devices } from './devices.ts';
import type { Kernel } from './kernel.ts';
import { SMALLEST_TILE_BYTES } from './measure-ring.ts';
import { runTiles } from './run-tiles.ts';
import { MAX_TILE_BYTES, type TileLimits } from './tile.ts';

/** Where kernels run. `auto`: wherever the first run of an operation was faster. */
export type EngineChoice = 'cpu' | 'webgpu' | 'auto';
export const ENGINES: readonly EngineChoice[] = ['auto', 'cpu', 'webgpu'];

export function isEngineChoice(text: string): text is EngineChoice {
  return (ENGINES as readonly string[]).includes(text);
}

/** Where a run's bytes were made. */
export type Where = 'cpu' | 'webgpu';

/** Where one operation runs and why; rates in bytes in and out per second / 10⁹, null when not measured. */
export interface EngineDecision {
  readonly kernel: string;
  readonly op: string;
  readonly on: Where;
  /** A sentence for a reader. */
  readonly reason: string;
  readonly cpuRate: number | null;
  readonly gpuRate: number | null;
  /** How often it ran where. */
  readonly runs: { readonly cpu: number; readonly webgpu: number };
}

export interface Engine {
  readonly choice: EngineChoice;
  /**
   * Fills `output` with what the kernel makes of `inputs`: the same bytes wherever it runs. Answers where the bytes in
   * `output` were made. @throws LoomError `cancelled`.
   */
  run<Spec>(
    kernel: Kernel<Spec>,
    spec: Spec,
    inputs: readonly Uint8Array[],
    output: Uint8Array,
    options?: RunOptions,
  ): Promise<Where>;
  /** In the order in which operations first ran. */
  decisions(): readonly EngineDecision[];
  /** The adapter's name once one was opened, else null. */
  adapter(): string | null;
  dispose(): void;
}

export interface EngineOptions extends DeviceOptions {
  readonly engine: EngineChoice;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Called once where a device has the work and this thread nothing to do but to wait for it; not called where the CPU
   * makes the bytes.
   */
  readonly meanwhile?: (() => void) | undefined;
}

/** Work below this is over before a device has been told of it: it says nothing about which is faster. */
const MEASURE_BYTES = 256 * KIB;

interface Decision {
  readonly kernel: string;
  readonly op: string;
  on: Where;
  reason: string;
  cpuRate: number | null;
  gpuRate: number | null;
  readonly runs: { cpu: number; webgpu: number };
}

interface Task {
  readonly bytes: number;
  onCpu(output: Uint8Array): void;
  /** Null when the kernel has no GPU form for this spec. */
  readonly onGpu: ((gpu: Gpu, output: Uint8Array, onWaiting?: () => void) => Promise<void>) | null;
}

/**
 * Runs kernels on the CPU, on a WebGPU device, or where the first run of each operation was faster.
 *
 * The first run of an operation on a device is compared with its CPU form byte by byte; a device that differs, fails, or
 * is lost twice is not used again. A lost device is replaced once and the work done again.
 */
export function createEngine(options: EngineOptions): Engine {
  const devices = createDevices(options);
  const decisions = new Map<string, Decision>();
  const tiny = new Map<string, Decision>();
  let turn: Promise<void> = Promise.resolve();

  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    const before = turn;
    let open = () => {};
    turn = new Promise((resolve) => {
      open = resolve;
    });
    await before;
    try {
      return await work();
    } finally {
      open();
    }
  };
  /** Waits until nothing is being measured. */
  const quiet = async (): Promise<void> => {
    const seen = turn;
    await seen;
    if (seen !== turn) await quiet();
  };
  /** An operation that had only tiny work so far: nothing is decided of it. */
  const tinyOne = (key: string, fresh: Decision): Decision => {
    const seen = tiny.get(key) ?? { ...fresh, reason: 'Too little work to measure.' };
    tiny.set(key, seen);
    return seen;
  };
  const decide = async (decision: Decision, task: Task, output: Uint8Array): Promise<Where> => {
    await alone(() => firstRun(decision, task, output, options.engine, devices));
    return 'cpu';
  };

  return {
    choice: options.engine,
    run: async (kernel, spec, inputs, output, { signal, meanwhile } = {}) => {
      throwIfAborted(signal);
      const bytes = output.byteLength + inputs.reduce((sum, input) => sum + input.byteLength, 0);
      const limits = { tileBytes: Math.min(options.tileBytes ?? SMALLEST_TILE_BYTES, MAX_TILE_BYTES) };
      const task = taskOf(kernel, spec, inputs, { bytes, limits, signal });
      await quiet();
      const key = `${kernel.name} ${kernel.op(spec)}`;
      const known = decisions.get(key);
      const decision = known ?? tiny.get(key) ?? newDecision(kernel.name, kernel.op(spec));
      if (options.engine === 'auto' && bytes < MEASURE_BYTES)
        return onCpu(known ?? tinyOne(key, decision), task, output);
      if (options.engine === 'cpu') decision.reason = 'The CPU was chosen.';
      decisions.set(key, decision);
      tiny.delete(key);
      if (!known && options.engine !== 'cpu') return decide(decision, task, output);
      return follow(decision, task, output, devices, meanwhile);
    },
    decisions: () => structuredClone([...decisions.values(), ...tiny.values()]),
    adapter: devices.name,
    dispose: devices.dispose,
  };
}

function newDecision(kernel: string, op: string): Decision {
  return { kernel, op, on: 'cpu', reason: '', cpuRate: null, gpuRate: null, runs: { cpu: 0, webgpu: 0 } };
}

function taskOf<Spec>(
  kernel: Kernel<Spec>,
  spec: Spec,
  inputs: readonly Uint8Array[],
  { bytes, limits, signal }: { bytes: number; limits: TileLimits; signal: AbortSignal | undefined },
): Task {
  const possible = kernel.tiles(spec, limits) !== null;
  return {
    bytes,
    onCpu: (output) => kernel.cpu(spec, inputs, output),
    onGpu: possible
      ? async (gpu, output, onWaiting) => {
          const tiles = kernel.tiles(spec, gpu.limits);
          if (!tiles) throw new LoomError('internal', 'This shape fits no tile.');
          await runTiles(gpu, tiles, inputs, output, { signal, onWaiting });
        }
      : null,
  };
}

function onCpu(decision: Decision, task: Task, output: Uint8Array): 'cpu' {
  task.onCpu(output);
  decision.runs.cpu++;
  return 'cpu';
}

/** Later runs: as decided, and on the CPU from the moment that the device lets us down. */
async function follow(
  decision: Decision,
  task: Task,
  output: Uint8Array,
  devices: Devices,
  meanwhile: (() => void) | undefined,
): Promise<Where> {
  const { onGpu } = task;
  if (decision.on === 'cpu' || !onGpu) return onCpu(decision, task, output);
  let told = false;
  const onWaiting = () => {
    if (!told) meanwhile?.();
    told = true;
  };
  const outcome = await devices.use((gpu, bytes) => onGpu(gpu, bytes, onWaiting), output);
  if (outcome.failure !== null) {
    Object.assign(decision, { on: 'cpu', reason: outcome.failure });
    return onCpu(decision, task, output);
  }
  decision.runs.webgpu++;
  return 'webgpu';
}

/** The first run: the CPU's bytes, and the device's beside them. */
async function firstRun(
  decision: Decision,
  task: Task,
  output: Uint8Array,
  choice: EngineChoice,
  devices: Devices,
): Promise<void> {
  const seconds = timed(() => onCpu(decision, task, output));
  decision.cpuRate = rate(task.bytes, seconds);
  if (!task.onGpu) {
    decision.reason = 'This shape has no form for the graphics device.';
    return;
  }
  const copy = new Uint8Array(output.byteLength);
  const first = await devices.use(task.onGpu, copy);
  const failure = first.failure ?? (same(copy, output) ? null : 'The graphics device gave other bytes than the CPU.');
  if (failure !== null) {
    decision.reason = failure;
    return;
  }
  const start = performance.now();
  const second = await devices.use(task.onGpu, copy);
  decision.gpuRate = rate(task.bytes, (performance.now() - start) / 1000);
  decision.runs.webgpu++;
  judge(decision, choice, second.failure, deviceWords(devices));
}

/** The adapter's name and how bytes travel to it, for a reader. */
function deviceWords(devices: Devices): { readonly name: string; readonly ring: string } {
  const ring = devices.ring();
  const rate = ring?.rate ? `, ${ring.rate.toFixed(1)} GB/s to it and back` : '';
  const size = ring ? ` in ${ring.depth} tiles of ${ring.tileBytes / MIB} MiB at once${rate}` : '';
  return { name: devices.name() ?? 'device', ring: size };
}

function judge(
  decision: Decision,
  choice: EngineChoice,
  failure: string | null,
  { name, ring }: ReturnType<typeof deviceWords>,
): void {
  const { cpuRate, gpuRate } = decision;
  const rates = `CPU ${cpuRate?.toFixed(2)} GB/s, ${name} ${gpuRate?.toFixed(2)} GB/s with its transfers${ring}`;
  if (failure !== null) decision.reason = failure;
  else if (choice === 'webgpu') Object.assign(decision, { on: 'webgpu', reason: `WebGPU was chosen: ${rates}.` });
  else if ((gpuRate ?? 0) > (cpuRate ?? 0)) Object.assign(decision, { on: 'webgpu', reason: `Faster: ${rates}.` });
  else decision.reason = `Faster: ${rates}.`;
}

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

function rate(bytes: number, seconds: number): number {
  return bytes / GB / Math.max(seconds, 1e-6);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false;
  return true;
}

import { breathe } from '../breathe.ts';
import { throwIfAborted } from '../errors.ts';
import { KIB } from '../units.ts';
import type { Helpers } from './crew.ts';
import {
  type Decision,
  type EngineDecision,
  firstRun,
  follow,
  newDecision,
  type Output,
  onCpu,
  onCpuInAnyCase,
  plainDecision,
  type Setting,
  type Task,
} from './decide.ts';
import { createDevices, type DeviceOptions, type DeviceRunOptions, type Devices } from './devices.ts';
import type { Kernel } from './kernel.ts';
import { SMALLEST_TILE_BYTES } from './measure-ring.ts';
import type { Where } from './pace.ts';
import { MAX_TILE_BYTES, type TileLimits } from './tile.ts';

export type { EngineDecision } from './decide.ts';
export type { Where } from './pace.ts';

/** Where kernels run. `auto`: wherever the work as a whole is faster. */
export type EngineChoice = 'cpu' | 'webgpu' | 'auto';
export const ENGINES: readonly EngineChoice[] = ['auto', 'cpu', 'webgpu'];

export function isEngineChoice(text: string): text is EngineChoice {
  return (ENGINES as readonly string[]).includes(text);
}

export interface Engine {
  readonly choice: EngineChoice;
  /** Whether several runs at once take less time than one after another: a device or other threads work beside this one. */
  readonly overlaps: boolean;
  /** Whether inputs are copied for other threads of the CPU. */
  readonly helped: boolean;
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
  /**
   * Fills `output` with the CPU form's bytes: by a helper, or in this thread, which looks after a device in between.
   * Unfinished once stopped.
   */
  cpu<Spec>(
    kernel: Kernel<Spec>,
    spec: Spec,
    inputs: readonly Uint8Array[],
    output: Uint8Array,
    options?: Pick<RunOptions, 'signal' | 'onMoved'>,
  ): Promise<void>;
  /** In the order in which operations first ran. */
  decisions(): readonly EngineDecision[];
  /** The adapter's name once one was opened, else null. */
  adapter(): string | null;
  dispose(): void;
}

export interface EngineOptions extends DeviceOptions {
  readonly engine: EngineChoice;
  /** How many engines work at the same time, each in its thread, all on one device; 1 unless given. */
  readonly threads?: number | undefined;
  /** Threads that compute for this one; it closes them. */
  readonly helpers?: Helpers | undefined;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * For bytes that the CPU must also make, to check those of a device: called once, when a device has the work and this
   * thread would only wait for it. Not called if the CPU makes the bytes. `auto` uses the CPU, because a device would only
   * add work.
   */
  readonly meanwhile?: (() => void) | undefined;
  /** As in {@link DeviceRunOptions}: allows to move the output's buffer. */
  readonly onMoved?: DeviceRunOptions['onMoved'];
}

/** Work below this is over before a device has been told of it: it says nothing about which is faster. */
const MEASURE_BYTES = 256 * KIB;

/**
 * Runs kernels on the CPU, on a WebGPU device, or where the work as a whole is faster: by the first run of each operation,
 * and by trials of the other way while it goes on.
 *
 * The first run of an operation on a device is compared with its CPU form byte by byte; a device that differs, fails, or
 * is lost twice is not used again. A lost device is replaced once and the work done again.
 */
export function createEngine(options: EngineOptions): Engine {
  const devices = options.devices ?? createDevices(options);
  const decisions = new Map<string, Decision>();
  const tiny = new Map<string, Decision>();
  /** The first run of an operation, which nothing else disturbs. */
  let measuring: Promise<void> | null = null;

  /** An operation that had only tiny work so far: nothing is decided of it. */
  const tinyOne = (key: string, fresh: Decision): Decision => {
    const seen = tiny.get(key) ?? { ...fresh, reason: 'Too little work to measure.' };
    tiny.set(key, seen);
    return seen;
  };
  const helpers = options.helpers && options.helpers.count > 0 ? options.helpers : null;
  const setting: Setting = { choice: options.engine, threads: options.threads ?? 1, devices, helpers };
  const decide = async (decision: Decision, task: Task, output: Output): Promise<Where> => {
    const running = firstRun(decision, task, output, setting);
    const over = () => {
      measuring = null;
    };
    measuring = running.then(over, over);
    await running;
    return 'cpu';
  };

  return {
    choice: options.engine,
    overlaps: options.engine !== 'cpu' || helpers !== null,
    helped: helpers !== null,
    run: async (kernel, spec, inputs, bytesOut, { signal, meanwhile, onMoved } = {}) => {
      throwIfAborted(signal);
      const output = outputOf(bytesOut, onMoved);
      const bytes = bytesOut.byteLength + inputs.reduce((sum, input) => sum + input.byteLength, 0);
      const limits = { tileBytes: Math.min(options.tileBytes ?? SMALLEST_TILE_BYTES, MAX_TILE_BYTES) };
      const task = taskOf(kernel, spec, inputs, { bytes, limits, signal, devices, helpers });
      // Nothing may come between the look and the first run: runs that begin together would all pass.
      while (measuring) await measuring;
      const key = `${kernel.name} ${kernel.op(spec)}`;
      const known = decisions.get(key);
      const decision = known ?? tiny.get(key) ?? newDecision(kernel.name, kernel.op(spec));
      if (options.engine === 'auto' && bytes < MEASURE_BYTES)
        return onCpu(known ?? tinyOne(key, decision), task, output);
      if (options.engine === 'cpu') decision.reason = 'The CPU was chosen.';
      decisions.set(key, decision);
      tiny.delete(key);
      if (options.engine === 'auto' && meanwhile) return onCpuInAnyCase(decision, task, output, setting);
      if (!known && options.engine !== 'cpu') return decide(decision, task, output);
      return follow(decision, task, output, setting, meanwhile);
    },
    cpu: async (kernel, spec, inputs, bytesOut, { signal, onMoved } = {}) => {
      const output = outputOf(bytesOut, onMoved);
      if (await helpers?.run(kernel, spec, inputs, bytesOut, { signal, onMoved: output.onMoved })) return;
      if (!kernel.slices) return kernel.cpu(spec, inputs, output.bytes);
      for (const _ of kernel.slices(spec, inputs, output.bytes)) {
        if (signal?.aborted) return;
        await breathe();
      }
    },
    decisions: () => [...decisions.values(), ...tiny.values()].map(plainDecision),
    adapter: devices.name,
    dispose: () => {
      devices.dispose();
      helpers?.dispose();
    },
  };
}

/** An output that stays up to date where its buffer is moved, and tells its owner. */
function outputOf(bytes: Uint8Array, onMoved: RunOptions['onMoved']): Output {
  const output: Output = {
    bytes,
    onMoved:
      onMoved &&
      ((moved) => {
        output.bytes = moved;
        onMoved(moved);
      }),
  };
  return output;
}

function taskOf<Spec>(
  kernel: Kernel<Spec>,
  spec: Spec,
  inputs: readonly Uint8Array[],
  { bytes, limits, signal, devices, helpers }: TaskOptions,
): Task {
  const possible = kernel.tiles(spec, limits) !== null;
  return {
    bytes,
    onCpu: (output) => kernel.cpu(spec, inputs, output),
    onHelper: async ({ bytes: output, onMoved }) =>
      helpers !== null && (await helpers.run(kernel, spec, inputs, output, { signal, onMoved })),
    onGpu: possible
      ? ({ bytes: output, onMoved }, onWaiting) =>
          devices.run(kernel, spec, inputs, output, { signal, onWaiting, onMoved })
      : null,
  };
}

interface TaskOptions {
  readonly bytes: number;
  readonly limits: TileLimits;
  readonly signal: AbortSignal | undefined;
  readonly devices: Devices;
  readonly helpers: Helpers | null;
}

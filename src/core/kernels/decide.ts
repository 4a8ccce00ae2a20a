import { GB, MIB } from '../units.ts';
import type { Helpers } from './crew.ts';
import type { DeviceOutcome, DeviceRunOptions, Devices } from './devices.ts';
import { createPace, type Pace, type Where } from './pace.ts';

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

/** A decision while it can still change. */
export interface Decision {
  readonly kernel: string;
  readonly op: string;
  on: Where;
  reason: string;
  cpuRate: number | null;
  gpuRate: number | null;
  readonly runs: { cpu: number; webgpu: number };
  /** What `auto` measures while it runs; null before it has compared both engines, and if only one can be used. */
  pace: Pace | null;
  /** What this thread alone does, from its own runs: bytes per second / 10⁹ of the fastest, and how many there were. */
  readonly alone: { rate: number; runs: number };
}

/** What an engine decides with. */
export interface Setting {
  readonly choice: 'cpu' | 'webgpu' | 'auto';
  readonly threads: number;
  readonly devices: Devices;
  /** Threads that compute for this one; null where there are none. */
  readonly helpers: Helpers | null;
}

/** The bytes of an output: others take their place when their buffer is moved to another thread. */
export interface Output {
  bytes: Uint8Array;
  /** Where its buffer may be moved. */
  readonly onMoved?: DeviceRunOptions['onMoved'];
}

export interface Task {
  readonly bytes: number;
  onCpu(output: Uint8Array): void;
  /** False where no helper can. */
  onHelper(output: Output): Promise<boolean>;
  /** Null when the kernel has no GPU form for this spec. */
  readonly onGpu: ((output: Output, onWaiting?: () => void) => Promise<DeviceOutcome>) | null;
}

export function newDecision(kernel: string, op: string): Decision {
  const rates = { cpuRate: null, gpuRate: null };
  const none = { runs: { cpu: 0, webgpu: 0 }, pace: null, alone: { rate: 0, runs: 0 } };
  return { kernel, op, on: 'cpu', reason: '', ...rates, ...none };
}

/** A decision as it is at the moment. */
export function plainDecision({ pace, alone, runs, ...decision }: Decision): EngineDecision {
  return { ...decision, runs: { ...runs } };
}

/** In this thread, which is measured. */
export function onCpu(decision: Decision, task: Task, output: Output): 'cpu' {
  const { alone } = decision;
  const seconds = timed(() => task.onCpu(output.bytes));
  alone.rate = Math.max(alone.rate, rate(task.bytes, seconds));
  alone.runs++;
  decision.runs.cpu++;
  return 'cpu';
}

/** Runs in this thread before helpers get the work: the first ones are slow. */
const OWN_RUNS = 2;

/** On the CPU, by a helper where this thread would need longer than handing the work over takes. */
export async function onAnyCpu(decision: Decision, task: Task, output: Output, setting: Setting): Promise<'cpu'> {
  if (!wantsHelp(decision, setting) || !(await task.onHelper(output))) return onCpu(decision, task, output);
  decision.runs.cpu++;
  return 'cpu';
}

function wantsHelp({ alone }: Decision, { helpers }: Setting): boolean {
  return helpers !== null && alone.runs >= OWN_RUNS && alone.rate < helpers.worthBelow;
}

/**
 * Computes on the CPU what would also have to be computed there to check a device. The decision reports the fastest run,
 * because the first one is slow.
 */
export async function onCpuInAnyCase(decision: Decision, task: Task, output: Output, setting: Setting): Promise<'cpu'> {
  await onAnyCpu(decision, task, output, setting);
  decision.cpuRate = decision.alone.rate;
  decision.reason = `The CPU has to compute these numbers in any case, to prove those of a device: ${decision.cpuRate.toFixed(2)} GB/s${eachOf(setting)}.`;
  return 'cpu';
}

/** Later runs: as decided, `auto` with a trial of the other way now and then; on the CPU once the device has failed. */
export async function follow(
  decision: Decision,
  task: Task,
  output: Output,
  setting: Setting,
  meanwhile: (() => void) | undefined,
): Promise<Where> {
  const { onGpu } = task;
  const where = decision.pace?.next(task.bytes) ?? decision.on;
  if (where === 'cpu' || !onGpu) {
    const made = await onAnyCpu(decision, task, output, setting);
    retell(decision, setting);
    return made;
  }
  let told = false;
  const onWaiting = () => {
    if (!told) meanwhile?.();
    told = true;
  };
  const outcome = await onGpu(output, onWaiting);
  if (outcome.failure !== null) {
    Object.assign(decision, { on: 'cpu', reason: outcome.failure, pace: null });
    return onCpu(decision, task, output);
  }
  decision.runs.webgpu++;
  retell(decision, setting);
  return 'webgpu';
}

/** The first run: the CPU's bytes, and the device's beside them. */
export async function firstRun(decision: Decision, task: Task, output: Output, setting: Setting): Promise<void> {
  const { choice } = setting;
  onCpu(decision, task, output);
  decision.cpuRate = decision.alone.rate;
  if (!task.onGpu) {
    decision.reason = 'This shape has no form for the graphics device.';
    return;
  }
  const copy: Output = { bytes: new Uint8Array(output.bytes.byteLength) };
  const first = await task.onGpu(copy);
  const isSame = first.failure === null && same(copy.bytes, output.bytes);
  const failure = first.failure ?? (isSame ? null : 'The graphics device gave other bytes than the CPU.');
  if (failure !== null) {
    decision.reason = failure;
    return;
  }
  // The first run of a form is slow on both: it is compiled.
  if (choice === 'auto')
    decision.cpuRate = Math.max(
      decision.cpuRate,
      rate(
        task.bytes,
        timed(() => task.onCpu(copy.bytes)),
      ),
    );
  const start = performance.now();
  const second = await task.onGpu(copy);
  decision.gpuRate = rate(task.bytes, (performance.now() - start) / 1000);
  decision.runs.webgpu++;
  judge(decision, setting, second.failure);
}

/** A device is tried again only where it is no slower than this share of a thread: a trial costs what it is slower. */
const WORTH_A_TRIAL = 0.5;

function judge(decision: Decision, setting: Setting, failure: string | null): void {
  const { choice } = setting;
  const [onThread, onDevice] = [decision.cpuRate ?? 0, decision.gpuRate ?? 0];
  const rates = ratesOf(decision, setting);
  if (failure !== null) decision.reason = failure;
  else if (choice === 'webgpu') Object.assign(decision, { on: 'webgpu', reason: `WebGPU was chosen: ${rates}.` });
  else {
    // All threads would go to one device.
    decision.on = onDevice > handsOf(setting, onThread) * onThread ? 'webgpu' : 'cpu';
    decision.reason = `Faster: ${rates}.`;
    const mayTry = (where: Where) => where === 'cpu' || onDevice > WORTH_A_TRIAL * onThread;
    decision.pace = createPace({ first: decision.on, mayTry });
  }
}

/** What was measured in the first runs, for a reader. */
function ratesOf({ cpuRate, gpuRate }: Decision, setting: Setting): string {
  const { devices } = setting;
  const ring = devices.ring();
  const travel = ring?.rate ? `, ${ring.rate.toFixed(1)} GB/s to it and back` : '';
  const tiles = ring ? ` in ${ring.depth} tiles of ${ring.tileBytes / MIB} MiB at once${travel}` : '';
  const device = `${devices.name() ?? 'device'} ${gpuRate?.toFixed(2)} GB/s with its transfers${tiles}`;
  return `CPU ${cpuRate?.toFixed(2)} GB/s${eachOf(setting, cpuRate ?? 0)}, ${device}`;
}

/** Threads that would compute on the CPU, all engines together. */
function handsOf({ threads, helpers }: Setting, onThread: number): number {
  return threads * (1 + (helpers && onThread < helpers.worthBelow ? helpers.count : 0));
}

function eachOf(setting: Setting, onThread = 0): string {
  const hands = handsOf(setting, onThread);
  return hands > 1 ? ` in each of ${hands} threads` : '';
}

/** Tells what the trials found, once there was one. */
function retell(decision: Decision, setting: Setting): void {
  const { pace } = decision;
  const { cpu, webgpu } = pace?.rates() ?? { cpu: null, webgpu: null };
  if (!pace || cpu === null || webgpu === null) return;
  decision.on = pace.chosen();
  const whole = `as a whole this thread converts ${cpu.toFixed(2)} GB/s with the CPU and ${webgpu.toFixed(2)} GB/s with the device`;
  decision.reason = `Faster: ${whole} (alone: ${ratesOf(decision, setting)}).`;
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

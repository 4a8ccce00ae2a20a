import { LoomError } from '../errors.ts';
import { onAbort } from '../on-abort.ts';
import { castKernel } from './cast/kernel.ts';
import { dequantiseKernel } from './dequantise/kernel.ts';
import { sizeClass } from './device.ts';
import type { DeviceOutcome, Devices } from './devices.ts';
import { differenceKernel } from './difference/kernel.ts';
import { gatherKernel } from './gather/kernel.ts';
import type { Kernel } from './kernel.ts';
import type { MeasuredRing } from './measure-ring.ts';
import { statisticsKernel } from './statistics/kernel.ts';
import { transposeKernel } from './transpose/kernel.ts';
import { unpackKernel } from './unpack/kernel.ts';

/** Kernels by their names: code does not cross to another thread. */
const KERNELS = new Map<string, Kernel<unknown>>(
  [castKernel, dequantiseKernel, differenceKernel, gatherKernel, statisticsKernel, transposeKernel, unpackKernel].map(
    (kernel) => [kernel.name, kernel as Kernel<unknown>],
  ),
);

/** Bytes at the beginning of a buffer, which is moved and never copied. */
interface Moved {
  readonly buffer: ArrayBuffer;
  readonly length: number;
}

interface RunMessage {
  readonly type: 'run';
  readonly id: number;
  readonly kernel: string;
  readonly spec: unknown;
  readonly inputs: readonly Moved[];
  readonly output: Moved;
}

type ToDevice = RunMessage | { readonly type: 'abort'; readonly id: number };

/** All buffers of the run come back, the output last. */
interface FromDevice {
  readonly id: number;
  readonly outcome: DeviceOutcome | 'cancelled';
  readonly buffers: readonly ArrayBuffer[];
  readonly name: string | null;
  readonly ring: MeasuredRing | null;
}

const bytesOf = ({ buffer, length }: Moved) => new Uint8Array(buffer, 0, length);

/** The owner's side: runs on its device what comes through a port, all ports in one queue. */
export function serveDevices(devices: Devices, port: MessagePort): void {
  const aborts = new Map<number, AbortController>();
  const perform = async ({ id, kernel: name, spec, inputs, output }: RunMessage) => {
    const abort = new AbortController();
    aborts.set(id, abort);
    const kernel = KERNELS.get(name);
    const run = kernel
      ? devices.run(kernel, spec, inputs.map(bytesOf), bytesOf(output), { signal: abort.signal })
      : Promise.resolve({ failure: `The device’s thread knows no kernel ${name}.` });
    const outcome = await run.catch((error: unknown) =>
      abort.signal.aborted ? 'cancelled' : { failure: wordsOf(error) },
    );
    aborts.delete(id);
    const buffers = [...inputs, output].map(({ buffer }) => buffer);
    const answer: FromDevice = { id, outcome, buffers, name: devices.name(), ring: devices.ring() };
    port.postMessage(answer, buffers);
  };
  port.onmessage = ({ data }: MessageEvent<ToDevice>) => {
    if (data.type === 'abort') aborts.get(data.id)?.abort();
    else void perform(data);
  };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Free buffers of one size that are kept. */
const KEPT = 3;

/** The device of another thread. */
export interface PortDevices extends Devices {
  /** The other thread is gone: what is under way fails, and everything from now on. */
  end(reason: string): void;
}

/**
 * A device behind a port, at whose other end {@link serveDevices} serves. Inputs are copied once, into buffers that are
 * moved there and come back; the output's own buffer is moved where the caller allows it. Nothing is cloned.
 */
export function createPortDevices(port: MessagePort): PortDevices {
  const pending = new Map<number, (answer: FromDevice | string) => void>();
  const free = new Map<number, ArrayBuffer[]>();
  let next = 0;
  let ended: string | null = null;
  let name: string | null = null;
  let ring: MeasuredRing | null = null;

  const take = (length: number): Moved => {
    const size = sizeClass(length);
    return { buffer: free.get(size)?.pop() ?? new ArrayBuffer(size), length };
  };
  const give = (buffer: ArrayBuffer) => {
    const kept = free.get(buffer.byteLength) ?? [];
    if (kept.length < KEPT) kept.push(buffer);
    free.set(buffer.byteLength, kept);
  };
  const end = (reason: string) => {
    ended ??= reason;
    for (const settle of [...pending.values()]) settle(ended);
    port.close();
    free.clear();
  };
  port.onmessage = ({ data }: MessageEvent<FromDevice>) => {
    name = data.name ?? name;
    ring = data.ring ?? ring;
    pending.get(data.id)?.(data);
  };

  const run: Devices['run'] = async (kernel, spec, inputs, output, { signal, onWaiting, onMoved } = {}) => {
    if (ended !== null) return { failure: ended };
    const { buffer, byteLength: length } = output;
    const moves = onMoved !== undefined && buffer instanceof ArrayBuffer && output.byteOffset === 0;
    const id = next++;
    const moved = inputs.map((input) => {
      const copy = take(input.byteLength);
      bytesOf(copy).set(input);
      return copy;
    });
    const message: RunMessage = {
      type: 'run',
      id,
      kernel: kernel.name,
      spec,
      inputs: moved,
      output: moves ? { buffer, length } : take(length),
    };
    const stop = () => port.postMessage({ type: 'abort', id } satisfies ToDevice);
    const answered = new Promise<FromDevice | string>((resolve) => pending.set(id, resolve));
    port.postMessage(message, [...moved.map(({ buffer }) => buffer), message.output.buffer]);
    const leave = onAbort(signal, stop);
    onWaiting?.();
    const answer = await answered;
    pending.delete(id);
    leave();
    if (typeof answer === 'string') {
      if (moves) onMoved(new Uint8Array(length));
      return { failure: answer };
    }
    const { outcome, buffers } = answer;
    const made = buffers.at(-1) as ArrayBuffer;
    if (moves) onMoved(new Uint8Array(made, 0, length));
    else if (outcome !== 'cancelled' && outcome.failure === null) output.set(new Uint8Array(made, 0, length));
    for (const each of moves ? buffers.slice(0, -1) : buffers) give(each);
    if (outcome === 'cancelled') throw new LoomError('cancelled', 'The work was stopped.');
    return outcome;
  };
  return { run, end, name: () => name, ring: () => ring, dispose: () => end('The engine was closed.') };
}

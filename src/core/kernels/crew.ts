import type { DeviceRunOptions, Devices } from './devices.ts';
import type { Kernel } from './kernel.ts';
import { createPortDevices, type PortDevices, serveDevices } from './port-devices.ts';

/** Threads that compute the CPU forms of kernels for this one. */
export interface Helpers {
  readonly count: number;
  /** Bytes in and out per second / 10⁹: a thread that does more itself loses by handing work over. */
  readonly worthBelow: number;
  /**
   * Fills `output` with the CPU form's bytes, in another thread. False where no helper is left: then `output` holds anything.
   *
   * @throws LoomError `cancelled`.
   */
  run<Spec>(
    kernel: Kernel<Spec>,
    spec: Spec,
    inputs: readonly Uint8Array[],
    output: Uint8Array,
    options?: Pick<DeviceRunOptions, 'signal' | 'onMoved'>,
  ): Promise<boolean>;
  /** One more helper, behind a port at whose other end {@link serveHelper} serves. */
  add(port: MessagePort): void;
  /** The thread of the helper that came as number `at`, from 0, is gone: what it had under way is not done. */
  end(at: number, reason: string): void;
  dispose(): void;
}

/** Measured: above this, moving the bytes costs as much as the work. */
const WORTH_BELOW = 2;

/** Helpers behind ports. Work goes to the one that has the least. */
export function createHelpers(ports: readonly MessagePort[] = []): Helpers {
  const all = new Map<number, { readonly devices: PortDevices; busy: number }>();
  let count = 0;
  const end = (at: number, reason: string) => {
    all.get(at)?.devices.end(reason);
    all.delete(at);
  };
  const add = (port: MessagePort) => {
    const at = count++;
    all.set(at, { devices: createPortDevices(port), busy: 0 });
    port.addEventListener('close', () => end(at, 'The thread of a helper ended.'));
  };
  for (const port of ports) add(port);
  return {
    get count() {
      return count;
    },
    worthBelow: WORTH_BELOW,
    add,
    run: async (kernel, spec, inputs, output, options) => {
      const [idlest] = [...all.values()].sort((a, b) => a.busy - b.busy);
      if (!idlest) return false;
      idlest.busy += output.byteLength;
      try {
        return (await idlest.devices.run(kernel, spec, inputs, output, options)).failure === null;
      } finally {
        idlest.busy -= output.byteLength;
      }
    },
    end,
    dispose: () => {
      for (const at of [...all.keys()]) end(at, 'The engine was closed.');
    },
  };
}

/** A helper's own side: computes on the CPU what comes through the port, one after another. */
export function serveHelper(port: MessagePort): void {
  const cpu: Devices = {
    run: async (kernel, spec, inputs, output) => {
      kernel.cpu(spec, inputs, output);
      return { failure: null };
    },
    name: () => null,
    ring: () => null,
    dispose: () => {},
  };
  serveDevices(cpu, port);
}

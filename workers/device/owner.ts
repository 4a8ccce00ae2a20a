import { type Supervised, supervise } from '../link/supervise.ts';
import type { DeviceApi } from './protocol.ts';

/** The one worker that has the device of several. */
export interface DeviceOwner {
  /** A port to it, to be moved to another worker; null once the worker is gone. */
  connect(): MessagePort | null;
  /** Tells of the worker's death and why. */
  onDeath(listener: (reason: string) => void): void;
  dispose(): void;
}

/** Starts the worker; it opens a device when there is first work for it. */
export function startDeviceOwner(): DeviceOwner {
  const worker = new Worker(new URL('./device.worker.ts', import.meta.url), { type: 'module', name: 'device' });
  const owner: Supervised<DeviceApi> = supervise<DeviceApi>(worker, 'worker of the graphics device');
  return {
    connect: () => {
      if (owner.death()) return null;
      const { port1, port2 } = new MessageChannel();
      void owner.call.serve(port1).catch(() => undefined);
      return port2;
    },
    onDeath: (listener) => void owner.onDeath(({ message }) => listener(message)),
    dispose: owner.dispose,
  };
}

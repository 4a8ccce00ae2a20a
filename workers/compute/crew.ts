import { type Supervised, supervise } from '../link/supervise.ts';
import type { ComputeApi } from './protocol.ts';

/** Workers that compute for converting ones. */
export interface Crew {
  /** Ports to so many workers that are started now, to be moved to whom they compute for. */
  connect(count: number): MessagePort[];
  /** Tells of a worker's death and why: `at` counts the workers in the order in which they were started. */
  onDeath(listener: (at: number, reason: string) => void): void;
  dispose(): void;
}

export function createCrew(): Crew {
  const all: Supervised<ComputeApi>[] = [];
  const listeners: ((at: number, reason: string) => void)[] = [];
  const start = () => {
    const worker = new Worker(new URL('./compute.worker.ts', import.meta.url), { type: 'module', name: 'compute' });
    const one = supervise<ComputeApi>(worker, 'computing worker');
    const at = all.push(one) - 1;
    one.onDeath(({ message }) => {
      for (const listener of listeners) listener(at, message);
    });
    const { port1, port2 } = new MessageChannel();
    void one.call.serve(port1).catch(() => undefined);
    return port2;
  };
  return {
    connect: (count) => Array.from({ length: count }, start),
    onDeath: (listener) => void listeners.push(listener),
    dispose: () => {
      for (const one of all) one.dispose();
    },
  };
}

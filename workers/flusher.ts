import type { Flusher } from '../src/core/index.ts';
import type { FlushApi } from './flush.worker.ts';
import { type Supervised, supervise } from './supervise.ts';

/** A worker that flushes the file which this one writes, started with the first file; it serves one file at a time. */
export function createFlusher(): Flusher {
  let worker: Supervised<FlushApi> | null = null;
  const start = () => {
    if (!worker || worker.death()) {
      const started = new Worker(new URL('./flush.worker.ts', import.meta.url), { type: 'module', name: 'flush' });
      worker = supervise<FlushApi>(started, 'flushing worker');
    }
    return worker;
  };
  return async (handle) => {
    const { call } = start();
    if (!(await call.open(handle))) return null;
    return { flush: () => call.flush(), close: () => call.close().catch(() => undefined) };
  };
}

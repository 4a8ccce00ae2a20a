import type { Flusher } from '../../src/core/index.ts';
import type { FlushApi } from './flush.worker.ts';
import { type Supervised, supervise } from './supervise.ts';

/** A worker that flushes the files which this one writes, started with the first of them. */
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
    const file = await call.open(handle);
    if (file === null) return null;
    return { flush: () => call.flush(file), close: () => call.close(file).catch(() => undefined) };
  };
}

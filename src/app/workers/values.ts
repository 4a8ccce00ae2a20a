import { type Supervised, supervise } from '../../../workers/link/supervise.ts';
import type { ValuesApi } from '../../../workers/values/protocol.ts';
import { watched } from './watched.ts';

/** Starts a worker that reads weights and measures them. */
export function startValuesWorker(): Supervised<ValuesApi> {
  const worker = new Worker(new URL('../../../workers/values/values.worker.ts', import.meta.url), {
    type: 'module',
    name: 'values',
  });
  return watched(supervise<ValuesApi>(worker, 'measuring worker'));
}

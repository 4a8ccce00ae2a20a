import type { CompatApi } from '../../../workers/compat/protocol.ts';
import { type Supervised, supervise } from '../../../workers/link/supervise.ts';
import { watched } from './watched.ts';

/** Starts a worker that predicts which layout of a model type loads where. */
export function startCompatWorker(): Supervised<CompatApi> {
  return watched(
    supervise<CompatApi>(
      new Worker(new URL('../../../workers/compat/compat.worker.ts', import.meta.url), {
        type: 'module',
        name: 'compat',
      }),
      'predicting worker',
    ),
  );
}

import type { CompareApi } from '../../../workers/compare/protocol.ts';
import { type Supervised, supervise } from '../../../workers/link/supervise.ts';
import { watched } from './watched.ts';

/** Starts a worker that holds a second checkpoint and compares the first with it. */
export function startCompareWorker(): Supervised<CompareApi> {
  return watched(
    supervise<CompareApi>(
      new Worker(new URL('../../../workers/compare/compare.worker.ts', import.meta.url), {
        type: 'module',
        name: 'compare',
      }),
      'comparing worker',
    ),
  );
}

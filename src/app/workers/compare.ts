import type { COMPARE, CompareApi } from '../../../workers/compare/protocol.ts';
import { type Supervised, supervise } from '../../../workers/link/supervise.ts';
import { watched } from './watched.ts';

/** Starts a worker that holds a second checkpoint and compares the first with it: the script of the one that inspects. */
export function startCompareWorker(): Supervised<CompareApi> {
  return watched(
    supervise<CompareApi>(
      new Worker(new URL('../../../workers/inspect/inspect.worker.ts', import.meta.url), {
        type: 'module',
        name: 'compare' satisfies typeof COMPARE,
      }),
      'comparing worker',
    ),
  );
}

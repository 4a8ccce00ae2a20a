import type { InspectApi } from '../../../workers/inspect/protocol.ts';
import { type Supervised, supervise } from '../../../workers/link/supervise.ts';
import { watched } from './watched.ts';

/** Starts a worker that reads headers and layouts. */
export function startInspectWorker(): Supervised<InspectApi> {
  return watched(
    supervise<InspectApi>(
      new Worker(new URL('../../../workers/inspect/inspect.worker.ts', import.meta.url), {
        type: 'module',
        name: 'inspect',
      }),
      'inspecting worker',
    ),
  );
}

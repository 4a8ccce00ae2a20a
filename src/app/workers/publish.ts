import { type Supervised, supervise } from '../../../workers/link/supervise.ts';
import type { PublishApi } from '../../../workers/publish/protocol.ts';
import { watched } from './watched.ts';

/** Starts a worker that publishes results on the Hub. */
export function startPublishWorker(): Supervised<PublishApi> {
  const worker = new Worker(new URL('../../../workers/publish/publish.worker.ts', import.meta.url), {
    type: 'module',
    name: 'publish',
  });
  return watched(supervise<PublishApi>(worker, 'publishing worker'));
}

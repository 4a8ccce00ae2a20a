import { type Supervised, supervise } from '../../../workers/link/supervise.ts';
import type { PublishApi } from '../../../workers/publish/protocol.ts';
import { watched } from './watched.ts';

/** Starts a worker that publishes results on the Hub: the script of the one that converts, which reads and hashes the same files. */
export function startPublishWorker(): Supervised<PublishApi> {
  const worker = new Worker(new URL('../../../workers/convert/convert.worker.ts', import.meta.url), {
    type: 'module',
    name: 'publish',
  });
  return watched(supervise<PublishApi>(worker, 'publishing worker'));
}

import type { ConvertApi } from '../../../workers/convert/protocol.ts';
import { type Supervised, supervise } from '../../../workers/link/supervise.ts';
import { watched } from './watched.ts';

/** Starts a worker that converts. */
export function startConvertWorker(): Supervised<ConvertApi> {
  const worker = new Worker(new URL('../../../workers/convert/convert.worker.ts', import.meta.url), {
    type: 'module',
    name: 'convert',
  });
  return watched(supervise<ConvertApi>(worker, 'converting worker'));
}

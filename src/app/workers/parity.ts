import { type Supervised, supervise } from '../../../workers/link/supervise.ts';
import type { ParityApi } from '../../../workers/parity/protocol.ts';
import { watched } from './watched.ts';

/** Starts a worker that computes layers; its runtime loads with the first of them. */
export function startParityWorker(): Supervised<ParityApi> {
  const worker = new Worker(new URL('../../../workers/parity/parity.worker.ts', import.meta.url), {
    type: 'module',
    name: 'parity',
  });
  return watched(supervise<ParityApi>(worker, 'computing worker'));
}

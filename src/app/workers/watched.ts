import type { Supervised } from '../../../workers/link/supervise.ts';
import { checkVersion } from '../state/version.ts';

/** The same worker; where its script could not be loaded, the server is asked whether it holds a newer version. */
export function watched<Api>(worker: Supervised<Api>): Supervised<Api> {
  worker.onDeath((error) => {
    if (error.tag === 'part-not-loaded') void checkVersion();
  });
  return worker;
}

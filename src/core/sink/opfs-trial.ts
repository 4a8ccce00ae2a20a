import { isLoomError, type LoomError } from '../errors.ts';
import { openSyncAccess } from '../source/sync-access.ts';
import { isNamed } from './directory.ts';
import { openHome } from './opfs-jobs.ts';
import { nothingFits, storageRefused } from './storage-failed.ts';

/** So much is written: as little as a browser charges for a file. */
const TRIAL_BYTES = 4096;

/**
 * Writes a small file into the browser storage as a conversion does, and removes it. Null where that works, else why it
 * does not: a browser has the calls in a private window or a foreign frame too, and refuses them. For use in a worker.
 */
export async function tryOpfs(): Promise<LoomError | null> {
  const name = `.trial-${crypto.randomUUID()}`;
  try {
    const home = await openHome(true);
    try {
      await writeTrial(await home.getFileHandle(name, { create: true }));
    } finally {
      await home.removeEntry(name).catch(() => undefined);
    }
    return null;
  } catch (cause) {
    return reasonOf(cause);
  }
}

async function writeTrial(handle: FileSystemFileHandle): Promise<void> {
  const access = await openSyncAccess(handle, 'write');
  if (!access) throw storageRefused(null);
  try {
    const written = access.write(new Uint8Array(TRIAL_BYTES), { at: 0 });
    if (written !== TRIAL_BYTES) throw nothingFits(null);
    access.flush();
  } finally {
    access.close();
  }
}

function reasonOf(cause: unknown): LoomError {
  if (isLoomError(cause)) return cause;
  return isNamed(cause, 'QuotaExceededError') ? nothingFits(cause) : storageRefused(cause);
}

import { open } from 'node:fs/promises';

/** Systems and file systems that do not flush folders say so with these. */
const CANNOT: ReadonlySet<unknown> = new Set(['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP', 'EBADF', 'ENOENT']);

/** Flushes a folder: names that were given or taken away in it survive a loss of power. Does nothing where there is no such thing. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (!CANNOT.has((cause as { code?: unknown }).code)) throw cause;
  }
}

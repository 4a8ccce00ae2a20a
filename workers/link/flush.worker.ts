import { openSyncAccess, type SyncAccess } from '../../src/core/index.ts';
import { exposeApi } from './transfer.ts';

/** The worker that sends files' bytes to the disk while another worker writes them. */
export interface FlushApi {
  /** The number by which the file is called from now on, null where the browser lets nobody else open it. */
  open(handle: FileSystemFileHandle): Promise<number | null>;
  flush(file: number): void;
  close(file: number): void;
}

const opened = new Map<number, SyncAccess>();
let next = 0;

const api: FlushApi = {
  open: async (handle) => {
    const access = await openSyncAccess(handle, 'share').catch(() => null);
    if (!access) return null;
    opened.set(next, access);
    return next++;
  },
  flush: (file) => opened.get(file)?.flush(),
  close: (file) => {
    opened.get(file)?.close();
    opened.delete(file);
  },
};

exposeApi(api);

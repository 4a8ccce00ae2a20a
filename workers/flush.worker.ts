import { openSyncAccess, type SyncAccess } from '../src/core/index.ts';
import { exposeApi } from './transfer.ts';

/** The worker that sends a file's bytes to the disk while another worker writes them. */
export interface FlushApi {
  /** False where the browser lets nobody else open the file. */
  open(handle: FileSystemFileHandle): Promise<boolean>;
  flush(): void;
  close(): void;
}

let access: SyncAccess | null = null;

const api: FlushApi = {
  open: async (handle) => {
    access?.close();
    access = await openSyncAccess(handle, 'share').catch(() => null);
    return access !== null;
  },
  flush: () => access?.flush(),
  close: () => {
    access?.close();
    access = null;
  },
};

exposeApi(api);

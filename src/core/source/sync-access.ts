/** A sync access handle, as workers have it for files of the browser's own storage. */
export interface SyncAccess {
  read(buffer: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  write(buffer: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface Openable {
  createSyncAccessHandle?(options?: { readonly mode: 'read-only' }): Promise<SyncAccess>;
}

/** Opens a file for reading or writing in place; null where the browser has no such access (a page, a picked folder). */
export async function openSyncAccess(handle: FileSystemFileHandle, use: 'read' | 'write'): Promise<SyncAccess | null> {
  const openable: Openable = handle as Openable;
  if (typeof openable.createSyncAccessHandle !== 'function') return null;
  return use === 'read' ? openable.createSyncAccessHandle({ mode: 'read-only' }) : openable.createSyncAccessHandle();
}

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
  createSyncAccessHandle?(options: { readonly mode: AccessMode }): Promise<SyncAccess>;
}

/** How the platform spells the uses; a browser that does not know modes opens for itself alone. */
const MODES = { read: 'read-only', write: 'readwrite', share: 'readwrite-unsafe' } as const;
type AccessMode = (typeof MODES)[keyof typeof MODES];

/**
 * Opens a file for reading, for writing, or for writing beside another of ours (`share`), in place; null where the browser
 * has no such access (a page, a picked folder).
 */
export async function openSyncAccess(
  handle: FileSystemFileHandle,
  use: keyof typeof MODES,
): Promise<SyncAccess | null> {
  const openable: Openable = handle as Openable;
  if (typeof openable.createSyncAccessHandle !== 'function') return null;
  return openable.createSyncAccessHandle({ mode: MODES[use] });
}

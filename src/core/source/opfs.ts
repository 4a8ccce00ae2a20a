import { LoomError, throwIfAborted } from '../errors.ts';
import { directoryFiles, handleAt } from './blob.ts';
import { blobSource, readFailed } from './blob-source.ts';
import { openSyncAccess, type SyncAccess } from './sync-access.ts';
import type { ByteRange, ByteSource, FileSet, ReadOptions } from './types.ts';

/**
 * A folder of the browser's own storage (OPFS) as a set. In a worker files are read through sync access handles, at the
 * speed of memory; a file that is open elsewhere, or on a page, is read as a `File`.
 */
export function opfsFiles(directory: FileSystemDirectoryHandle, identity: string = directory.name): FileSet {
  const plain = directoryFiles(directory, identity);
  return {
    identity,
    list: plain.list,
    open: async (name) => {
      const handle = await handleAt(directory, name, identity);
      const file = await handle.getFile().catch((cause: unknown) => readFailed(name, cause));
      return opfsSource(handle, file, name, identity);
    },
  };
}

function opfsSource(handle: FileSystemFileHandle, file: File, name: string, identity: string): ByteSource {
  const slow = blobSource(file, name, identity);
  let access: Promise<SyncAccess | null> | null = null;
  const get = () => {
    access ??= openSyncAccess(handle, 'read').catch(() => null);
    return access;
  };
  return {
    ...slow,
    read: async (range, options) => {
      throwIfAborted(options?.signal);
      const fast = await get();
      return fast ? readSync(fast, name, range, options) : slow.read(range, options);
    },
    dispose: async () => {
      const open = await access;
      access = null;
      open?.close();
    },
  };
}

function readSync(
  access: SyncAccess,
  name: string,
  range: ByteRange,
  options: ReadOptions | undefined,
): Uint8Array<ArrayBuffer> {
  const length = range.end - range.start;
  const target = options?.into?.subarray(0, length) ?? new Uint8Array(length);
  let got = 0;
  try {
    got = access.read(target, { at: range.start });
  } catch (cause) {
    return readFailed(name, cause, range.start);
  }
  if (got !== length)
    throw new LoomError('read-short', `${name} gave ${got} of ${length} bytes at byte ${range.start}.`, {
      file: name,
      byte: range.start,
    });
  return target;
}

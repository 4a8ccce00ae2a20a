import { LoomError, throwIfAborted } from '../errors.ts';
import { opfsFiles } from '../source/opfs.ts';
import { openSyncAccess, type SyncAccess } from '../source/sync-access.ts';
import { type Movable, onceUnlocked, onlyFinished, placeFor, removeFile, removeLeftovers } from './directory.ts';
import { createEarlyFlush, EARLY_FROM_BYTES } from './early-flush.ts';
import { openJobFolder, removeJob } from './opfs-jobs.ts';
import { storageFailed, storageFull } from './storage-failed.ts';
import type { Leftovers, Sink, SinkFile } from './types.ts';
import { WRITE_BYTES } from './write-size.ts';

/** Files under this ending are still being written. */
const UNFINISHED = '.moe-loom-part';
const unfinishedName = (base: string) => `.${base}${UNFINISHED}`;

/**
 * Opens a file a second time, in a worker of its own, to flush it while the first one writes: a flush holds up the thread
 * that calls it. Null where the browser lets a file be opened only once.
 */
export type Flusher = (handle: FileSystemFileHandle) => Promise<SecondAccess | null>;

export interface SecondAccess {
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface OpfsOptions {
  readonly leftovers?: Leftovers | undefined;
  readonly flusher?: Flusher | undefined;
}

/**
 * The browser's own storage (OPFS), one folder a job, for use in a worker. Files are written through sync access handles.
 *
 * Where the browser cannot rename a file, it is written under its final name, and a mark beside it says that it is not
 * finished; `files()` gives finished files alone.
 * @throws LoomError `storage-unavailable`, `disk-full`, `output-not-empty` when the job's folder holds files.
 * @example
 * ```ts browser
 * import { createOpfsSink, runPlan } from 'moe-loom/convert';
 * import { openHubRepo } from 'moe-loom/hub';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { planConversion } from 'moe-loom/plan';
 * // In a worker: browsers open files for synchronous access there alone.
 * const files = await openHubRepo('Qwen/Qwen3-30B-A3B');
 * const plan = planConversion(await openCheckpoint(files), 'stacked');
 * const report = await runPlan(plan, { files, sink: await createOpfsSink('qwen3-stacked') });
 * console.log(report.verified.equal);
 * ```
 */
export async function createOpfsSink(job: string, { leftovers, flusher }: OpfsOptions = {}): Promise<Sink> {
  const root = await openJobFolder(job);
  if (leftovers) await removeLeftovers(root, leftovers, unfinishedName);
  else {
    for await (const held of root.keys()) {
      throw new LoomError(
        'output-not-empty',
        `The browser storage already holds a conversion ${job} (${held}). Start a new one.`,
        { file: held },
      );
    }
  }
  const finished = new Set<string>(leftovers?.finished);
  const unfinished = new Set<SinkFile>();
  const settle = (file: SinkFile) => {
    unfinished.delete(file);
    finished.add(file.name);
  };
  const close = async () => {
    for (const file of unfinished) await file.abort();
    unfinished.clear();
  };
  return {
    identity: `browser storage, job ${job}`,
    create: async (name, byteLength, options) => {
      throwIfAborted(options?.signal);
      const file = await createOpfsFile(root, name, byteLength, { flusher, done: () => settle(file) });
      unfinished.add(file);
      return file;
    },
    adopt: (name) => void finished.add(name),
    remove: async (name) => {
      finished.delete(name);
      await removeFile(root, name);
    },
    files: () => onlyFinished(opfsFiles(root, `browser storage, job ${job}`), finished),
    discard: async () => {
      await close();
      finished.clear();
      await removeJob(job);
    },
    close,
  };
}

/** The part of a job's sink that a runner in another worker needs: it makes single files of a folder that is there. */
export async function openOpfsFolder(
  job: string,
  flusher?: Flusher,
): Promise<Pick<Sink, 'create' | 'files' | 'remove'>> {
  const root = await openJobFolder(job);
  return {
    create: (name, byteLength, options) => {
      throwIfAborted(options?.signal);
      return createOpfsFile(root, name, byteLength, { flusher });
    },
    files: () => opfsFiles(root, `browser storage, job ${job}`),
    remove: (name) => removeFile(root, name),
  };
}

interface FileOptions {
  readonly flusher: Flusher | undefined;
  readonly done?: () => void;
}

/** A file of a job's folder that is being written. @throws LoomError as a sink's `create`. */
async function createOpfsFile(
  root: FileSystemDirectoryHandle,
  name: string,
  byteLength: number,
  { flusher, done }: FileOptions,
): Promise<SinkFile> {
  const place = await placeFor(root, name, 'the browser storage', storageFailed);
  const folderName = name.slice(0, name.length - place.base.length);
  const mark = folderName + unfinishedName(place.base);
  const marked: Movable = await place.folder
    .getFileHandle(unfinishedName(place.base), { create: true })
    .catch((cause) => storageFailed(name, cause));
  const renames = typeof marked.move === 'function';
  const handle = renames
    ? marked
    : await place.folder.getFileHandle(place.base, { create: true }).catch((cause) => storageFailed(name, cause));
  const removeAll = async () => {
    if (!renames) await removeFile(root, name);
    await removeFile(root, mark);
  };
  const shared = flusher !== undefined && byteLength > EARLY_FROM_BYTES;
  const access = await openPreallocated(handle, byteLength, name, shared ? 'share' : 'write').catch(
    async (cause: unknown) => {
      await removeAll();
      throw cause;
    },
  );
  const second = shared ? await flusher(handle).catch(() => null) : null;
  const early = second && createEarlyFlush(second.flush);
  let open = true;
  let written = 0;
  const close = async () => {
    if (open) access.close();
    open = false;
    await second?.close();
  };
  return {
    name,
    write: async (bytes, offset, options) => {
      throwIfAborted(options?.signal);
      writeAll(access, bytes, offset, name);
      written += bytes.byteLength;
      early?.wrote(bytes.byteLength);
    },
    commit: async (options) => {
      throwIfAborted(options?.signal);
      const size = access.getSize();
      if (size !== byteLength || written < byteLength) {
        throw new LoomError('write-failed', `${name} has ${Math.min(size, written)} bytes instead of ${byteLength}.`, {
          file: name,
        });
      }
      await early?.end().catch((cause: unknown) => storageFailed(name, cause));
      flush(access, name);
      await close();
      if (renames) {
        const move = async () => marked.move?.(place.base);
        await onceUnlocked(move).catch((cause: unknown) => storageFailed(name, cause, byteLength));
      } else await removeFile(root, mark);
      done?.();
    },
    abort: async () => {
      await early?.end().catch(() => undefined);
      await close();
      await removeAll();
    },
  };
}

/** The room is taken before the first byte; a browser may still run out of disk later. */
async function openPreallocated(
  handle: FileSystemFileHandle,
  byteLength: number,
  name: string,
  use: 'write' | 'share',
): Promise<SyncAccess> {
  const access = await openSyncAccess(handle, use).catch((cause: unknown) => storageFailed(name, cause));
  if (!access) {
    throw new LoomError(
      'storage-unavailable',
      'This browser cannot write to its storage from here. Use a current browser, outside private mode.',
      { file: name },
    );
  }
  try {
    insistOnRoom(access, byteLength, name);
  } catch (cause) {
    access.close();
    storageFailed(name, cause);
  }
  return access;
}

/** Halvings until what fits is known: to the byte up to a MB, to a millionth above. */
const HALVINGS = 20;

/**
 * Gives a file its length, or says what of it fits.
 *
 * Chromium's private windows leave the length as it is where there is no room, and throw nothing.
 * @throws LoomError `disk-full`, and what the browser throws for another reason.
 */
function insistOnRoom(access: SyncAccess, byteLength: number, name: string): void {
  const cause = refusalOf(access, byteLength);
  if (cause === null) return;
  let fits = 0;
  let over = byteLength;
  for (let step = 0; step < HALVINGS && over - fits > 1; step++) {
    const half = Math.floor((fits + over) / 2);
    if (refusalOf(access, half) === null) fits = half;
    else over = half;
  }
  throw storageFull(name, fits, { needed: byteLength, fits }, cause);
}

/** Why a file cannot have a length for want of room, null where it has it. @throws what the browser throws otherwise. */
function refusalOf(access: SyncAccess, byteLength: number): Error | null {
  try {
    access.truncate(byteLength);
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'QuotaExceededError') return cause;
    throw cause;
  }
  return access.getSize() === byteLength ? null : new Error(`the length stayed ${access.getSize()}`);
}

/** A short write is how some browsers say that the disk is full; Chromium gives an error's number for a length then. */
function writeAll(access: SyncAccess, bytes: Uint8Array<ArrayBuffer>, offset: number, name: string): void {
  for (let done = 0; done < bytes.byteLength; done += WRITE_BYTES) {
    const piece = bytes.subarray(done, done + WRITE_BYTES);
    const written = writePiece(access, piece, offset + done, name);
    if (written === piece.byteLength) continue;
    throw storageFull(name, offset + done + (written < piece.byteLength ? written : 0), null);
  }
}

function writePiece(access: SyncAccess, piece: Uint8Array<ArrayBuffer>, at: number, name: string): number {
  try {
    return access.write(piece, { at });
  } catch (cause) {
    return storageFailed(name, cause, at);
  }
}

function flush(access: SyncAccess, name: string): void {
  try {
    access.flush();
  } catch (cause) {
    storageFailed(name, cause);
  }
}

import { type FileHandle, link, lstat, mkdir, open, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LoomError, throwIfAborted } from '../errors.ts';
import { isInside } from '../inside.ts';
import { createEarlyFlush, EARLY_FROM_BYTES } from './early-flush.ts';
import type { Ledger } from './ledger.node.ts';
import { syncFolder } from './sync-folder.node.ts';
import type { SinkFile } from './types.ts';
import { failed } from './write-failed.node.ts';
import { WRITE_BYTES } from './write-size.ts';

/** Files under this ending are still being written. */
const UNFINISHED = '.moe-loom-part';

/** What a file is called while it is being written; no other program gives such a name. */
export function temporaryOf(final: string): string {
  return join(dirname(final), `.${basename(final)}${UNFINISHED}`);
}

/**
 * The path of a name of a journal, a plan or a listing in the folder that it belongs to, links of folders on the way
 * included.
 *
 * @throws LoomError `path-outside-folder`.
 */
export async function placeIn(root: string, name: string): Promise<string> {
  const path = resolve(root, name);
  const real = await nearestReal(dirname(path));
  if (path === root || !isInside(path, root) || !isInside(real, await nearestReal(root)))
    throw new LoomError('path-outside-folder', `The name ${name} leads out of ${root}.`, { file: name });
  return path;
}

/** The real path that `path` will have once it is created. */
export async function nearestReal(path: string): Promise<string> {
  const real = await realpath(path).catch(() => null);
  if (real !== null) return real;
  const parent = dirname(path);
  return parent === path ? path : join(await nearestReal(parent), basename(path));
}

/** Whether this program may remove a file of an output folder: it is its own, another one has its name, or there is none. */
export async function standingOf(root: string, name: string, ledger: Ledger): Promise<'ours' | 'foreign' | 'absent'> {
  const info = await lstat(await placeIn(root, name), { bigint: true }).catch(() => null);
  if (!info) return 'absent';
  return info.isFile() && (await ledger.owns(name, info)) ? 'ours' : 'foreign';
}

/**
 * Removes a file of an output folder that this program wrote, and then the folders above it that are empty, up to `root`.
 * Nothing happens when it is not there.
 *
 * @throws LoomError `output-changed` when another file has its name: that one stays.
 */
export async function removeOwn(root: string, name: string, ledger: Ledger): Promise<void> {
  const standing = await standingOf(root, name, ledger);
  if (standing === 'foreign') {
    const message = `${name} in ${root} is not the file that the conversion wrote: another file has taken its place. It was not removed. Move it out of the folder, then resume the conversion.`;
    throw new LoomError('output-changed', message, { file: name });
  }
  const path = await placeIn(root, name);
  if (standing === 'ours') await rm(path, { force: true });
  for (let folder = dirname(path); folder !== root && isInside(folder, root); folder = dirname(folder))
    if (!(await removedEmpty(folder))) return;
}

function removedEmpty(folder: string): Promise<boolean> {
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}

/** Removes what was being written under a name. */
export async function removeTemporary(root: string, name: string): Promise<void> {
  await rm(temporaryOf(await placeIn(root, name)), { force: true });
}

/**
 * A file of a folder that is being written; it is noted in the ledger before its first byte. `done` hears of its commit.
 *
 * @throws LoomError `path-outside-folder`, `output-not-empty`, `write-failed`.
 */
export async function createFolderFile(
  root: string,
  name: string,
  byteLength: number,
  ledger: Ledger,
  done: () => void,
): Promise<SinkFile> {
  const final = await placeIn(root, name);
  if (await lstat(final).catch(() => null)) throw taken(root, name);
  const temporary = temporaryOf(final);
  const made = await mkdir(dirname(final), { recursive: true }).catch((cause) => failed(name, cause));
  if (made !== undefined) await syncFolder(dirname(made)).catch((cause) => failed(name, cause));
  const handle = await open(temporary, 'wx').catch((cause) => failed(name, cause));
  await ledger.note(name, handle).catch(async (cause) => {
    await handle.close();
    await rm(temporary, { force: true });
    failed(name, cause);
  });
  return writtenFile({ handle, temporary, name, byteLength }, async () => {
    await giveName(temporary, final, () => taken(root, name)).catch((cause) => failed(name, cause));
    await syncFolder(dirname(final)).catch((cause) => failed(name, cause));
    done();
  });
}

/** A file that was opened to be written under a name that does not count. */
export interface OpenedFile {
  readonly handle: FileHandle;
  readonly temporary: string;
  /** What it is to be, for errors. */
  readonly name: string;
  readonly byteLength: number;
}

/** `settle` is called by `commit` once every byte is on disk and the file is closed. @throws LoomError `write-failed`. */
export function writtenFile(
  { handle, temporary, name, byteLength }: OpenedFile,
  settle: () => Promise<void>,
): SinkFile {
  const early = byteLength > EARLY_FROM_BYTES ? createEarlyFlush(() => handle.datasync()) : null;
  let open_ = true;
  const close = async () => {
    if (open_) await handle.close();
    open_ = false;
  };
  return {
    name,
    write: async (bytes, offset, options) => {
      throwIfAborted(options?.signal);
      await writeFully(handle, bytes, offset, name);
      early?.wrote(bytes.byteLength);
    },
    commit: async (options) => {
      throwIfAborted(options?.signal);
      const size = (await handle.stat()).size;
      if (size !== byteLength) {
        throw new LoomError('write-failed', `${name} has ${size} bytes instead of ${byteLength}.`, { file: name });
      }
      await early?.end().catch((cause) => failed(name, cause));
      await handle.sync().catch((cause) => failed(name, cause));
      await close();
      await settle();
    },
    abort: async () => {
      await early?.end().catch(() => undefined);
      await close();
      await rm(temporary, { force: true });
    },
  };
}

/** Renames a file, never over another: `link` refuses a name that is taken. Without hard links, the name was looked at before. */
async function giveName(temporary: string, final: string, refusal: () => LoomError): Promise<void> {
  const linked = await link(temporary, final).then(
    () => true,
    (cause) => {
      if (cause?.code === 'EEXIST') throw refusal();
      return false;
    },
  );
  if (linked) return rm(temporary);
  if (await lstat(final).catch(() => null)) throw refusal();
  await rename(temporary, final);
}

function taken(root: string, name: string): LoomError {
  return new LoomError('output-not-empty', `${name} already exists in ${root}.`, { file: name });
}

/**
 * Writes every byte at `offset`, or, where that is null, in one write at the end of a file that was opened to append.
 *
 * @throws LoomError `disk-full`, `write-failed`.
 */
export async function writeFully(
  handle: FileHandle,
  bytes: Uint8Array,
  offset: number | null,
  name: string,
): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const length = offset === null ? bytes.byteLength - done : Math.min(WRITE_BYTES, bytes.byteLength - done);
    const at = offset === null ? null : offset + done;
    const { bytesWritten } = await handle
      .write(bytes, done, length, at)
      .catch((cause) => failed(name, cause, (offset ?? 0) + done));
    done += bytesWritten;
  }
}

import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { LoomError, throwIfAborted } from '../errors.ts';
import { isInside, openLocal } from '../source/folder.node.ts';
import { readRegular } from '../source/regular-file.node.ts';
import type { FileSet } from '../source/types.ts';
import { createEarlyFlush, EARLY_FROM_BYTES } from './early-flush.ts';
import type { Leftovers, Sink, SinkFile } from './types.ts';
import { WRITE_BYTES } from './write-size.ts';

/** Files under this ending are still being written. */
const UNFINISHED = '.moe-loom-part';

/** Names in an output folder that are ours beside the files of the checkpoint. */
export const JOURNAL_FILE = '.moe-loom-journal';
const LOCK_FILE = '.moe-loom-lock';
const OWN: ReadonlySet<string> = new Set([JOURNAL_FILE, LOCK_FILE]);

/**
 * A folder to write to: absent or empty, or with nothing but `leftovers` in it; neither `source` nor inside it. No other
 * process can write there until it is closed or discarded.
 *
 * @throws LoomError `output-not-empty`, `output-in-use`, `output-inside-source`, `write-failed`.
 */
export async function createFolderSink(path: string, source?: string, leftovers?: Leftovers): Promise<Sink> {
  const root = resolve(path);
  if (source !== undefined) await assertOutside(root, resolve(source));
  await assertFree(root, leftovers);
  const created = await mkdir(root, { recursive: true }).catch((cause) => failed(root, cause));
  const unlock = await lockFolder(root);
  if (leftovers) await removeLeftovers(root, leftovers).catch((cause) => unlock().then(() => failed(root, cause)));
  const written = new Set<string>(leftovers?.finished);
  const unfinished = new Set<SinkFile>();
  const close = async () => {
    for (const file of unfinished) await file.abort();
    unfinished.clear();
    await unlock();
  };
  return {
    identity: root,
    create: async (name, byteLength, options) => {
      throwIfAborted(options?.signal);
      const file = await createFolderFile(root, name, byteLength, () => {
        unfinished.delete(file);
        written.add(name);
      });
      unfinished.add(file);
      return file;
    },
    adopt: (name) => void written.add(name),
    remove: async (name) => {
      written.delete(name);
      await rm(join(root, name), { force: true });
    },
    files: () => lazySet(root),
    discard: async () => {
      await close();
      for (const name of written) await rm(join(root, name), { force: true });
      written.clear();
      await removeEmptyFolders(root);
      if (created !== undefined) await rmdir(root).catch(() => undefined);
    },
    close,
  };
}

/**
 * Keeps other processes out of a folder; gives what lets them in again. A lock whose process has ended does not count.
 *
 * @throws LoomError `output-in-use`, `write-failed`.
 */
async function lockFolder(root: string): Promise<() => Promise<void>> {
  const path = join(root, LOCK_FILE);
  const mine = JSON.stringify({ pid: process.pid, host: hostname() });
  for (let tries = 0; ; tries++) {
    const taken = await writeFile(path, mine, { flag: 'wx' }).then(
      () => false,
      (cause) => (cause?.code === 'EEXIST' ? true : failed(LOCK_FILE, cause)),
    );
    if (!taken) return () => rm(path, { force: true });
    if (tries > 0 || (await isHeld(path))) {
      throw new LoomError(
        'output-in-use',
        `Another process is writing to ${root}. Wait for it, or name another folder; if none is, remove ${path}.`,
        { file: root },
      );
    }
    await rm(path, { force: true });
  }
}

/** False when the process that left the lock has ended, or is this one under a number used again. */
async function isHeld(path: string): Promise<boolean> {
  const text = await readRegular(path, LOCK_FILE).catch(() => '');
  const [, pid, host] = /^\{"pid":(\d+),"host":"([^"]*)"\}$/.exec(text) ?? [];
  if (pid === undefined) return false;
  if (host !== hostname()) return true;
  if (Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (cause) {
    return (cause as { code?: unknown }).code === 'EPERM';
  }
}

async function removeLeftovers(root: string, { finished, planned }: Leftovers): Promise<void> {
  for (const name of planned) {
    const path = join(root, name);
    await rm(temporaryOf(path), { force: true });
    if (!finished.includes(name)) await rm(path, { force: true });
  }
}

function temporaryOf(final: string): string {
  return join(dirname(final), `.${basename(final)}${UNFINISHED}`);
}

/**
 * A file of a folder that is being written.
 *
 * @throws LoomError `path-outside-folder`, `output-not-empty`, `write-failed`.
 */
export async function createFolderFile(
  root: string,
  name: string,
  byteLength: number,
  done: () => void,
): Promise<SinkFile> {
  const final = resolve(root, name);
  if (!isInside(final, root) || final === root) {
    throw new LoomError('path-outside-folder', `The name ${name} leads out of ${root}.`, { file: name });
  }
  if (await stat(final).catch(() => null)) {
    throw new LoomError('output-not-empty', `${name} already exists in ${root}.`, { file: name });
  }
  const temporary = temporaryOf(final);
  await mkdir(dirname(final), { recursive: true }).catch((cause) => failed(name, cause));
  const handle = await open(temporary, 'w').catch((cause) => failed(name, cause));
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
      await rename(temporary, final).catch((cause) => failed(name, cause));
      done();
    },
    abort: async () => {
      await early?.end().catch(() => undefined);
      await close();
      await rm(temporary, { force: true });
    },
  };
}

/** Writes every byte. Exported for its test, which needs a real full device. @throws LoomError `disk-full`, `write-failed`. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, offset: number, name: string): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await handle
      .write(bytes, done, Math.min(WRITE_BYTES, bytes.byteLength - done), offset + done)
      .catch((cause) => failed(name, cause, offset + done));
    done += bytesWritten;
  }
}

/** The written folder as a set; opened at use, since it may not exist before the first write. */
function lazySet(root: string): FileSet {
  return {
    identity: root,
    list: async (options) => (await openLocal(root)).list(options),
    open: async (name, options) => (await openLocal(root)).open(name, options),
  };
}

async function assertFree(root: string, leftovers: Leftovers | undefined): Promise<void> {
  const info = await stat(root).catch(() => null);
  if (!info) return;
  if (!info.isDirectory()) {
    throw new LoomError('output-not-empty', `${root} is a file; name a folder for the output.`, { file: root });
  }
  const known = new Set(leftovers?.planned.flatMap((name) => [name, relative(root, temporaryOf(join(root, name)))]));
  for (const name of leftovers ? await namesIn(root) : await readdir(root)) {
    if (OWN.has(name) || known.has(name)) continue;
    throw new LoomError(
      'output-not-empty',
      `The output folder ${root} is not empty (it holds ${name}). Name a new folder.`,
      { file: root },
    );
  }
}

/** Every file below a folder, by its path in it. */
async function namesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

async function assertOutside(root: string, source: string): Promise<void> {
  const realSource = await realpath(source);
  if (isInside(await nearestReal(root), realSource)) {
    throw new LoomError(
      'output-inside-source',
      `The output ${root} is the source or lies inside it. Name a folder elsewhere.`,
      {
        file: root,
      },
    );
  }
}

/** The real path that `path` will have once it is created. */
async function nearestReal(path: string): Promise<string> {
  const real = await realpath(path).catch(() => null);
  if (real !== null) return real;
  const parent = dirname(path);
  return parent === path ? path : join(await nearestReal(parent), basename(path));
}

async function removeEmptyFolders(root: string): Promise<void> {
  for (const entry of await readdir(root, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    await removeEmptyFolders(join(root, entry.name));
    await rmdir(join(root, entry.name)).catch(() => undefined);
  }
}

function failed(name: string, cause: unknown, byte = 0): never {
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    throw new LoomError(
      'disk-full',
      `The disk is full: ${name} could not be written at byte ${byte}. Free space and run again.`,
      { file: name, byte },
      cause,
    );
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new LoomError(
    'write-failed',
    `${name} cannot be written at byte ${byte}: ${reason}.`,
    { file: name, byte },
    cause,
  );
}

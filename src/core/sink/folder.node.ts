import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LoomError, throwIfAborted } from '../errors.ts';
import { isInside, openLocal } from '../source/folder.node.ts';
import type { FileSet } from '../source/types.ts';
import type { Sink, SinkFile } from './types.ts';

/** Files under this ending are still being written. */
const UNFINISHED = '.moe-loom-part';

/**
 * A folder to write to: absent or empty, neither `source` nor inside it.
 *
 * @throws LoomError `output-not-empty`, `output-inside-source`, `write-failed`.
 */
export async function createFolderSink(path: string, source?: string): Promise<Sink> {
  const root = resolve(path);
  if (source !== undefined) await assertOutside(root, resolve(source));
  await assertEmpty(root);
  const created = await mkdir(root, { recursive: true }).catch((cause) => failed(root, cause));
  const written = new Set<string>();
  const unfinished = new Set<SinkFile>();
  return {
    identity: root,
    create: async (name, byteLength, options) => {
      throwIfAborted(options?.signal);
      const file = await createFile(root, name, byteLength, () => {
        unfinished.delete(file);
        written.add(name);
      });
      unfinished.add(file);
      return file;
    },
    files: () => lazySet(root),
    discard: async () => {
      for (const file of unfinished) await file.abort();
      for (const name of written) await rm(join(root, name), { force: true });
      written.clear();
      await removeEmptyFolders(root);
      if (created !== undefined) await rmdir(root).catch(() => undefined);
    },
  };
}

async function createFile(root: string, name: string, byteLength: number, done: () => void): Promise<SinkFile> {
  const final = resolve(root, name);
  if (!isInside(final, root) || final === root) {
    throw new LoomError('path-outside-folder', `The name ${name} leads out of ${root}.`, { file: name });
  }
  if (await stat(final).catch(() => null)) {
    throw new LoomError('output-not-empty', `${name} already exists in ${root}.`, { file: name });
  }
  const temporary = join(dirname(final), `.${basename(final)}${UNFINISHED}`);
  await mkdir(dirname(final), { recursive: true }).catch((cause) => failed(name, cause));
  const handle = await open(temporary, 'w').catch((cause) => failed(name, cause));
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
    },
    commit: async (options) => {
      throwIfAborted(options?.signal);
      const size = (await handle.stat()).size;
      if (size !== byteLength) {
        throw new LoomError('write-failed', `${name} has ${size} bytes instead of ${byteLength}.`, { file: name });
      }
      await handle.sync().catch((cause) => failed(name, cause));
      await close();
      await rename(temporary, final).catch((cause) => failed(name, cause));
      done();
    },
    abort: async () => {
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
      .write(bytes, done, bytes.byteLength - done, offset + done)
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

async function assertEmpty(root: string): Promise<void> {
  const info = await stat(root).catch(() => null);
  if (!info) return;
  if (!info.isDirectory()) {
    throw new LoomError('output-not-empty', `${root} is a file; name a folder for the output.`, { file: root });
  }
  const held = await readdir(root);
  if (held.length > 0) {
    throw new LoomError(
      'output-not-empty',
      `The output folder ${root} is not empty (it holds ${held[0]}). Name a new folder.`,
      {
        file: root,
      },
    );
  }
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

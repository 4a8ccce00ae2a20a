import { type FileHandle, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import { assertFile, notAFile, openRegular, otherKind, readRegular } from './regular-file.node.ts';
import type { ByteRange, ByteSource, FileEntry, FileSet, ReadOptions } from './types.ts';

/** Files of one folder that are looked at before we call it a mistake (a home folder, a disk). */
const MAX_FILES = 100_000;
const MAX_DEPTH = 8;
/** What has such a name is meant to be a file of a checkpoint: if it is none, it is not passed over in silence. */
const NAMES_A_FILE = /\.safetensors(\.index\.json)?$|^config\.json$/i;

/**
 * Opens a folder, a single file, or a repo of the local Hub cache (`models--org--name`, at the commit of `revision`) as a set of files.
 *
 * Links are followed only where they stay inside the folder; in the Hub cache, inside the repo's own folder.
 * What has the name of a shard, an index or a config and is no file is listed, so that opening it says what it is.
 * @throws LoomError `path-not-found`, `path-outside-folder`, `not-a-file`.
 */
export async function openLocal(path: string, revision = 'main'): Promise<FileSet> {
  const full = resolve(path);
  const info = await stat(full).catch(() => null);
  if (!info) throw new LoomError('path-not-found', `There is no file or folder ${path}.`, { file: path });
  if (info.isFile()) return singleFile(full);
  if (!info.isDirectory()) throw notAFile(path, otherKind(info) ?? 'something else');
  const snapshot = await cacheSnapshot(full, revision);
  return folder(snapshot ?? full, await trustedRoot(snapshot ?? full));
}

async function singleFile(full: string): Promise<FileSet> {
  const name = basename(full);
  const source = () => fileSource(full, full);
  return {
    identity: full,
    list: async () => [{ name, byteLength: (await stat(full)).size }],
    open: async (wanted) => {
      if (wanted !== name) throw missing(wanted, full);
      return source();
    },
  };
}

function folder(root: string, trusted: string): FileSet {
  const inside = async (name: string) => {
    const real = await realpath(join(root, name)).catch(() => null);
    if (real === null) throw missing(name, root);
    if (!isInside(real, trusted)) {
      throw new LoomError('path-outside-folder', `${name} is a link that leads out of ${root}.`, { file: name });
    }
    return real;
  };
  return {
    identity: root,
    list: async (options) => {
      const entries: FileEntry[] = [];
      await walk(root, '', 0, entries, inside, options?.signal);
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    open: async (name) => {
      if (!isInside(resolve(root, name), root)) {
        throw new LoomError('path-outside-folder', `The name ${name} leads out of ${root}.`, { file: name });
      }
      return fileSource(await inside(name), name);
    },
  };
}

async function walk(
  root: string,
  prefix: string,
  depth: number,
  entries: FileEntry[],
  inside: (name: string) => Promise<string>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const entry of await readdir(join(root, prefix), { withFileTypes: true })) {
    throwIfAborted(signal);
    const name = prefix ? `${prefix}/${entry.name}` : entry.name;
    if (entry.isDirectory() && !NAMES_A_FILE.test(entry.name)) {
      if (depth < MAX_DEPTH && !entry.name.startsWith('.')) await walk(root, name, depth + 1, entries, inside, signal);
      continue;
    }
    const info = entry.isSymbolicLink()
      ? await linkedFile(name, inside)
      : await stat(join(root, name)).catch(() => null);
    if (!info || (otherKind(info) !== null && !NAMES_A_FILE.test(entry.name))) continue;
    entries.push({ name, byteLength: info.isFile() ? info.size : 0 });
    if (entries.length > MAX_FILES) {
      throw new LoomError('usage', `${root} holds more than ${MAX_FILES} files; name the model's own folder.`, {
        file: root,
      });
    }
  }
}

/** A link's target, or null when it leads nowhere or outside: then the file is not part of the set. */
async function linkedFile(name: string, inside: (name: string) => Promise<string>) {
  const real = await inside(name).catch(() => null);
  return real === null ? null : stat(real);
}

/** The snapshot folder when `full` is a repo folder of the Hub cache, else null. */
async function cacheSnapshot(full: string, revision: string): Promise<string | null> {
  if (!basename(full).startsWith('models--')) return null;
  const commit = await readRegular(join(full, 'refs', revision), revision).catch(() => revision);
  const snapshot = join(full, 'snapshots', commit.trim());
  if (isInside(snapshot, full) && (await stat(snapshot).catch(() => null))?.isDirectory()) return snapshot;
  const known = await readdir(join(full, 'snapshots')).catch(() => []);
  const only = known.length === 1 && revision === 'main' ? known[0] : undefined;
  if (only !== undefined) return join(full, 'snapshots', only);
  throw new LoomError('path-not-found', `The Hub cache ${full} holds no snapshot of revision ${revision}.`, {
    file: full,
  });
}

/** Snapshots link to `../../blobs`, so inside the Hub cache the whole repo folder is trusted, elsewhere the folder itself. */
async function trustedRoot(root: string): Promise<string> {
  const real = await realpath(root);
  const repo = dirname(dirname(real));
  const isSnapshot = basename(dirname(real)) === 'snapshots' && basename(repo).startsWith('models--');
  return isSnapshot ? repo : real;
}

/** True when `path` is `root` or lies below it; both absolute. */
export function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function missing(name: string, root: string): LoomError {
  return new LoomError('path-not-found', `${root} holds no file ${name}.`, { file: name });
}

/** A file on disk. It is opened at the first read and stays open until `dispose`. @throws LoomError `not-a-file`. */
async function fileSource(real: string, name: string): Promise<ByteSource> {
  const info = await stat(real, { bigint: true });
  assertFile(info, name);
  const byteLength = Number(info.size);
  let handle: Promise<FileHandle> | null = null;
  const get = () => {
    handle ??= openRegular(real, name);
    return handle;
  };
  return {
    key: `file:${real}:${info.ino}:${info.size}:${info.mtimeNs}`,
    byteLength,
    read: async (range, options) => {
      throwIfAborted(options?.signal);
      return readFully(await get().catch((cause) => fail(name, cause)), range, byteLength, name, options);
    },
    dispose: async () => {
      const open = await handle?.catch(() => null);
      handle = null;
      await open?.close();
    },
  };
}

async function readFully(
  handle: FileHandle,
  range: ByteRange,
  byteLength: number,
  name: string,
  options: ReadOptions | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const length = range.end - range.start;
  if (!(range.start >= 0 && length >= 0 && range.end <= byteLength)) {
    throw new LoomError('internal', `Bytes ${range.start}–${range.end} are not in ${name} (${byteLength} bytes).`, {
      file: name,
    });
  }
  const target = options?.into?.subarray(0, length) ?? new Uint8Array(length);
  let done = 0;
  while (done < length) {
    throwIfAborted(options?.signal);
    const { bytesRead } = await handle
      .read(target, done, length - done, range.start + done)
      .catch((cause) => fail(name, cause, range.start + done));
    if (bytesRead === 0) {
      throw new LoomError(
        'source-changed',
        `${name} ends at byte ${range.start + done}; it was longer when it was opened.`,
        {
          file: name,
          byte: range.start + done,
        },
      );
    }
    done += bytesRead;
  }
  return target;
}

function fail(name: string, cause: unknown, byte = 0): never {
  if (isLoomError(cause)) throw cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new LoomError('read-failed', `${name} cannot be read at byte ${byte}: ${reason}.`, { file: name, byte }, cause);
}

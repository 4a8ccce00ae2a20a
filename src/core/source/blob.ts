import { LoomError, throwIfAborted } from '../errors.ts';
import { blobSource, readFailed } from './blob-source.ts';
import { droppedRoot } from './dropped-names.ts';
import type { FileEntry, FileSet } from './types.ts';

/** A chosen or dropped file; `path` has its folders, joined by `/`. */
export interface BlobEntry {
  readonly path: string;
  readonly file: File;
}

/** Files that are looked at before we call it a mistake (a home folder, a disk). */
const MAX_FILES = 100_000;
const MAX_DEPTH = 8;

/**
 * Chosen or dropped files as a set. A folder that all of them share is not part of their names; of a Hub cache folder,
 * the snapshot that `refs/main` names (or the only one) is the set.
 *
 * Browsers leave links out, so the snapshots of a Hub cache folder are often empty: then the set holds the folder as it
 * arrived, `blobs/` and `refs/`.
 * @throws LoomError `usage` when two files have one path.
 * @example
 * ```ts
 * import { blobFiles } from 'moe-loom/safetensors';
 * const file = new File(['{}'], 'config.json');
 * const files = blobFiles('dropped files', [{ path: 'config.json', file }]);
 * console.log(await files.list()); // → [ { name: 'config.json', byteLength: 2 } ]
 * ```
 */
export function blobFiles(identity: string, entries: readonly BlobEntry[]): FileSet {
  const byPath = new Map<string, File>();
  for (const { path, file } of entries) {
    if (byPath.has(path))
      throw new LoomError('usage', `Two of the files are called ${path}. Choose the files of one model.`, {
        file: path,
      });
    byPath.set(path, file);
  }
  let named: Promise<ReadonlyMap<string, File>> | null = null;
  const files = () => {
    named ??= nameFiles(byPath);
    return named;
  };
  return {
    identity,
    list: async (options) => {
      throwIfAborted(options?.signal);
      return sorted([...(await files())].map(([name, file]) => ({ name, byteLength: file.size })));
    },
    open: async (name) => {
      const file = (await files()).get(name);
      if (!file) throw missing(name, identity);
      return blobSource(file, name, identity);
    },
  };
}

async function nameFiles(byPath: ReadonlyMap<string, File>): Promise<ReadonlyMap<string, File>> {
  const root = droppedRoot([...byPath.keys()]);
  const prefix = root.prefix + (await snapshotFolder(root.cache, byPath));
  const named = new Map<string, File>();
  for (const [path, file] of byPath) {
    const name = path.slice(prefix.length);
    if (path.startsWith(prefix) && !inHiddenFolder(name)) named.set(name, file);
  }
  return named;
}

async function snapshotFolder(
  cache: ReturnType<typeof droppedRoot>['cache'],
  byPath: ReadonlyMap<string, File>,
): Promise<string> {
  if (!cache || cache.commits.length === 0) return '';
  const ref = cache.ref === null ? undefined : byPath.get(cache.ref);
  const main = ref ? (await ref.text().catch((cause: unknown) => readFailed('refs/main', cause))).trim() : null;
  return `snapshots/${chooseSnapshot(cache.commits, main)}/`;
}

function chooseSnapshot(commits: readonly string[], main: string | null): string {
  if (main !== null && commits.includes(main)) return main;
  const [only] = commits;
  if (only !== undefined && commits.length === 1) return only;
  throw new LoomError(
    'path-not-found',
    `The Hub cache folder holds ${commits.length} snapshots and refs/main names none of them. Choose one folder under snapshots/.`,
  );
}

/**
 * A folder handle as a set: files up to 8 folders deep, hidden folders left out. Each `open` looks at the file again, so a
 * changed file has another key. A Hub cache folder gives its snapshot, as in {@link blobFiles}.
 *
 * @throws LoomError `permission-lost`, `source-changed` when the folder cannot be read any more.
 * @example
 * ```ts browser
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { directoryFiles } from 'moe-loom/safetensors';
 * const folder = await navigator.storage.getDirectory();
 * const checkpoint = await openCheckpoint(directoryFiles(folder));
 * console.log(checkpoint.tensors.size);
 * ```
 */
export function directoryFiles(handle: FileSystemDirectoryHandle, identity: string = handle.name): FileSet {
  let resolved: Promise<FileSystemDirectoryHandle> | null = null;
  const root = () => {
    resolved ??= snapshotOf(handle).catch((cause: unknown) => readFailed(identity, cause));
    return resolved;
  };
  return {
    identity,
    list: async (options) => {
      const entries: FileEntry[] = [];
      await walk(await root(), '', 0, entries, identity, options?.signal).catch((cause: unknown) =>
        rethrow(identity, cause),
      );
      return sorted(entries);
    },
    open: async (name) => blobSource(await fileAt(await root(), name, identity), name, identity),
  };
}

/** The snapshot folder of a Hub cache folder, when there is one with files in it; else the folder itself. */
async function snapshotOf(handle: FileSystemDirectoryHandle): Promise<FileSystemDirectoryHandle> {
  const snapshots = await handle.getDirectoryHandle('snapshots').catch(() => null);
  const refs = await handle.getDirectoryHandle('refs').catch(() => null);
  if (!snapshots || !(refs || handle.name.startsWith('models--'))) return handle;
  const main = await refs
    ?.getFileHandle('main')
    .then(textOf)
    .catch(() => null);
  const filled: string[] = [];
  for await (const [name, entry] of snapshots.entries()) {
    if (entry.kind === 'directory' && !(await isEmpty(entry as FileSystemDirectoryHandle))) filled.push(name);
  }
  return filled.length === 0 ? handle : snapshots.getDirectoryHandle(chooseSnapshot(filled, main?.trim() ?? null));
}

async function textOf(handle: FileSystemFileHandle): Promise<string> {
  return (await handle.getFile()).text();
}

async function isEmpty(handle: FileSystemDirectoryHandle): Promise<boolean> {
  for await (const _ of handle.keys()) return false;
  return true;
}

/** Adds the files under `handle` to `entries`. @throws LoomError `usage` for a folder that is no model's. */
export async function walk(
  handle: FileSystemDirectoryHandle,
  prefix: string,
  depth: number,
  entries: FileEntry[],
  identity: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const [base, entry] of handle.entries()) {
    throwIfAborted(signal);
    if (entry.kind === 'directory') {
      if (depth >= MAX_DEPTH || base.startsWith('.')) continue;
      await walk(entry as FileSystemDirectoryHandle, `${prefix}${base}/`, depth + 1, entries, identity, signal);
      continue;
    }
    const file = await (entry as FileSystemFileHandle).getFile().catch(() => null);
    if (file) entries.push({ name: prefix + base, byteLength: file.size });
    if (entries.length > MAX_FILES) {
      throw new LoomError('usage', `${identity} holds more than ${MAX_FILES} files; choose the model's own folder.`, {
        file: identity,
      });
    }
  }
}

/** The file handle at a path inside a folder. @throws LoomError `path-not-found`, or what {@link readFailed} says. */
export async function handleAt(
  root: FileSystemDirectoryHandle,
  name: string,
  identity: string,
): Promise<FileSystemFileHandle> {
  const parts = name.split('/');
  const base = parts.pop() ?? '';
  try {
    let folder = root;
    for (const part of parts) folder = await folder.getDirectoryHandle(part);
    return await folder.getFileHandle(base);
  } catch (cause) {
    const gone =
      cause instanceof Error &&
      (cause.name === 'NotFoundError' || cause.name === 'TypeMismatchError' || cause.name === 'TypeError');
    if (gone) throw missing(name, identity);
    return readFailed(name, cause);
  }
}

async function fileAt(root: FileSystemDirectoryHandle, name: string, identity: string): Promise<File> {
  const handle = await handleAt(root, name, identity);
  return handle.getFile().catch((cause: unknown) => readFailed(name, cause));
}

function inHiddenFolder(name: string): boolean {
  return /(^|\/)\.[^/]*\//.test(name);
}

function sorted(entries: FileEntry[]): FileEntry[] {
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function rethrow(identity: string, cause: unknown): never {
  if (cause instanceof LoomError) throw cause;
  return readFailed(identity, cause);
}

function missing(name: string, identity: string): LoomError {
  return new LoomError('path-not-found', `${identity} holds no file ${name}.`, { file: name });
}

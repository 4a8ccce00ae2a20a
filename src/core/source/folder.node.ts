import { constants } from 'node:fs';
import { access, type FileHandle, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import { isInside } from '../inside.ts';
import { namesCheckpoint, narrowTo } from './one-file.ts';
import { assertFile, notAFile, openRegular, otherKind, readRegular } from './regular-file.node.ts';
import type { ByteRange, ByteSource, FileEntry, FileSet, ReadOptions } from './types.ts';

/** Files of one folder that are looked at before we call it a mistake (a home folder, a disk). */
const MAX_FILES = 100_000;
const MAX_DEPTH = 8;
/** A link's text is a path. */
const LONGEST_PATH = 1024;

export interface LocalOptions {
  /** Of a repo of the Hub cache: `main` unless given. */
  readonly revision?: string | undefined;
  /** A file is opened by itself, without the other files of its checkpoint. */
  readonly alone?: boolean | undefined;
  /** Links that lead out of the folder: followed (unless given), or left out and refused, for a folder that is served to others. */
  readonly outside?: 'follow' | 'refuse' | undefined;
  /** Hears, in sentences, which links were followed out of the folder and which were left out. */
  readonly onNote?: ((note: string) => void) | undefined;
}
/** What has such a name is meant to be a file of a checkpoint: if it is none, it is not passed over in silence. */
const NAMES_A_FILE = /\.safetensors(\.index\.json)?$|^config\.json$/i;

/**
 * Opens a folder, a file, or a repo of the local Hub cache (`models--org--name`, at the commit of `revision`) as a set of files.
 *
 * A safetensors file or an index represents its checkpoint: the set has what lies beside it and belongs to it. Links
 * are followed, out of the folder too, where they lead to a regular file that may be read. Names that begin with a dot
 * are left out: they are no part of a model (`._model.safetensors` is what macOS writes beside it on other disks).
 * What has the name of a shard, an index or a config and is no file is listed, so that opening it says what it is.
 * @throws LoomError `path-not-found`, `path-outside-folder`, `not-a-file`.
 * @example
 * ```ts
 * import { openFolder } from 'moe-loom/node';
 * const files = await openFolder('model');
 * const names = (await files.list()).map(({ name }) => name);
 * console.log(names[0]); // → config.json
 * ```
 */
export async function openLocal(path: string, options: LocalOptions = {}): Promise<FileSet> {
  const { revision = 'main', alone = false, outside = 'follow', onNote } = options;
  const full = resolve(path);
  const info = await stat(full).catch((cause) => (isNoAccess(cause) ? fail(path, cause) : null));
  if (!info) throw new LoomError('path-not-found', `There is no file or folder ${path}.`, { file: path });
  if (info.isFile()) {
    const name = basename(full);
    if (alone || !namesCheckpoint(name)) return singleFile(full);
    const root = dirname(full);
    return narrowTo(name, {
      ...folder({ root, trusted: await trustedRoot(root), depth: 0, outside, onNote }),
      identity: full,
    });
  }
  if (!info.isDirectory()) throw notAFile(path, otherKind(info) ?? 'something else');
  const root = (await cacheSnapshot(full, revision)) ?? full;
  return folder({ root, trusted: await trustedRoot(root), depth: MAX_DEPTH, outside, onNote });
}

async function singleFile(full: string): Promise<FileSet> {
  const name = basename(full);
  const source = async () => fileSource(await realpath(full), full);
  return {
    identity: full,
    list: async () => [{ name, byteLength: (await stat(full)).size }],
    open: async (wanted) => {
      if (wanted !== name) throw missing(wanted, full);
      return source();
    },
  };
}

/** What became of the links of a folder. */
interface Links {
  /** Folders outside that links lead to, each with how many. */
  readonly outside: Map<string, number>;
  /** Sentences on links that lead nowhere. */
  readonly broken: string[];
}

interface Folder extends Required<Pick<LocalOptions, 'outside'>> {
  readonly root: string;
  readonly trusted: string;
  readonly depth: number;
  readonly onNote: LocalOptions['onNote'];
}

function folder({ root, trusted, depth, outside, onNote }: Folder): FileSet {
  let told = false;
  const tell = ({ outside: followed, broken }: Links) => {
    if (told) return;
    told = true;
    const count = [...followed.values()].reduce((sum, one) => sum + one, 0);
    const places = [...followed.keys()];
    const where = `${places.slice(0, 3).join(', ')}${places.length > 3 ? ` and ${places.length - 3} more folders` : ''}`;
    const links = count === 1 ? '1 file is a link that leads' : `${count} files are links that lead`;
    if (count > 0) onNote?.(`${links} out of ${root}, to ${where}. They are read there.`);
    for (const sentence of broken.slice(0, 5)) onNote?.(sentence);
    if (broken.length > 5) onNote?.(`${broken.length - 5} more links of ${root} lead to no file that can be read.`);
  };
  return {
    identity: root,
    list: async (options) => {
      const entries: FileEntry[] = [];
      const links: Links = { outside: new Map(), broken: [] };
      const find = { root, trusted, depth, links, outside, signal: options?.signal };
      await walk(find, '', 0, entries);
      tell(links);
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    open: async (name) => {
      if (!isInside(resolve(root, name), root)) {
        throw new LoomError('path-outside-folder', `The name ${name} leads out of ${root}.`, { file: name });
      }
      const found = await realpath(join(root, name)).catch((cause) => (isNoAccess(cause) ? fail(name, cause) : null));
      if (found === null) throw missing(name, root);
      const real = (await targetOfText(found)) ?? found;
      if (await isHidden(real)) throw noAccess(name);
      const reason = isInside(real, trusted) ? null : await whyNotRead(real, outside);
      if (reason !== null)
        throw new LoomError('path-outside-folder', `${name} is a link to ${real}, ${reason}.`, { file: name });
      return fileSource(real, name);
    },
  };
}

/** Why the target of a link that leads out of the folder is no file to read; null when it is one. */
async function whyNotRead(real: string, outside: Folder['outside']): Promise<string | null> {
  if (outside === 'refuse') return 'which lies outside the folder that is served';
  const info = await stat(real).catch(() => null);
  if (!info) return 'which is not there';
  if (!info.isFile()) return 'which is not a regular file';
  return access(real, constants.R_OK).then(
    () => null,
    () => 'which you may not read',
  );
}

interface Find extends Omit<Folder, 'onNote'> {
  readonly links: Links;
  readonly signal: AbortSignal | undefined;
}

async function walk(find: Find, prefix: string, depth: number, entries: FileEntry[]): Promise<void> {
  const { root, signal } = find;
  const folderName = prefix || root;
  const held = await readdir(join(root, prefix), { withFileTypes: true }).catch((cause) => fail(folderName, cause));
  for (const entry of held) {
    throwIfAborted(signal);
    if (entry.name.startsWith('.')) continue;
    const name = prefix ? `${prefix}/${entry.name}` : entry.name;
    const named = NAMES_A_FILE.test(entry.name);
    if (entry.isDirectory() && !named) {
      if (depth < find.depth) await walk(find, name, depth + 1, entries);
      continue;
    }
    const full = join(root, name);
    const isLink = entry.isSymbolicLink() || (entry.isFile() && (await targetOfText(full)) !== null);
    if (isLink && named && (await isHidden(full))) {
      // It is listed, so that opening it says what it is: left out, it would be taken for missing.
      entries.push({ name, byteLength: 0 });
      continue;
    }
    const info = isLink ? await linkedFile(find, name) : await stat(full).catch(() => null);
    if (!info || (!info.isFile() && !named)) continue;
    entries.push({ name, byteLength: info.isFile() ? info.size : 0 });
    if (entries.length > MAX_FILES) {
      throw new LoomError('usage', `${root} holds more than ${MAX_FILES} files; name the model's own folder.`, {
        file: root,
      });
    }
  }
}

/**
 * The shard that a link written as text leads to: Git without `core.symlinks` and some copying programs leave its path in
 * place of the link. Null for every other file.
 */
async function targetOfText(full: string): Promise<string | null> {
  if (!/\.safetensors$/i.test(full)) return null;
  const info = await stat(full).catch(() => null);
  if (!info?.isFile() || info.size === 0 || info.size >= LONGEST_PATH) return null;
  const text = (await readRegular(full, full).catch(() => '')).trim();
  if (!/^[^\n\0]+[\\/][^\n\0]+\.safetensors$/i.test(text)) return null;
  const target = await realpath(resolve(dirname(full), text)).catch(() => null);
  return target !== null && /\.safetensors$/i.test(target) && target !== full ? target : null;
}

/** A link's target, or null when it leads to no file that can be read: then the file is not part of the set. */
async function linkedFile({ root, trusted, links, outside }: Find, name: string) {
  const full = join(root, name);
  const real = (await targetOfText(full)) ?? (await realpath(full).catch(() => null));
  if (real === null) {
    const target = await readlink(full).catch(() => '');
    links.broken.push(`${name} is a link to ${target}, which is not there. It is left out.`);
    return null;
  }
  if (isInside(real, trusted)) return stat(real);
  if ((await stat(real).catch(() => null))?.isDirectory()) return null;
  const reason = await whyNotRead(real, outside);
  if (reason !== null) {
    links.broken.push(`${name} is a link to ${real}, ${reason}. It is left out.`);
    return null;
  }
  links.outside.set(dirname(real), (links.outside.get(dirname(real)) ?? 0) + 1);
  return stat(real);
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

/** True for what is there, or behind a link, and may not be read. */
function isHidden(full: string): Promise<boolean> {
  return access(full, constants.R_OK).then(
    () => false,
    (cause) => isNoAccess(cause),
  );
}

/** True for what the system says of a file or folder that this user may not read. */
function isNoAccess(cause: unknown): boolean {
  const code = (cause as { code?: unknown } | null)?.code;
  return code === 'EACCES' || code === 'EPERM';
}

function noAccess(name: string): LoomError {
  const message = `You may not read ${name} (no permission), so its content is not known. Ask its owner for permission to read it, then run again.`;
  return new LoomError('file-not-permitted', message, { file: name });
}

function missing(name: string, root: string): LoomError {
  return new LoomError('path-not-found', `${root} holds no file ${name}.`, { file: name });
}

/** What huggingface_hub calls a blob of its cache: the sha256 that the Hub states for a file in large-file storage. */
const BLOB = /[\\/]blobs[\\/]([0-9a-f]{64})$/;

/**
 * A file on disk. It is opened at the first read and stays open until `dispose`.
 *
 * Its key holds the time of the last change of any kind (`ctime`), which no program can put back.
 * @throws LoomError `not-a-file`.
 */
async function fileSource(real: string, name: string): Promise<ByteSource> {
  const info = await stat(real, { bigint: true }).catch((cause) => fail(name, cause));
  assertFile(info, name);
  const byteLength = Number(info.size);
  let handle: Promise<FileHandle> | null = null;
  const get = () => {
    handle ??= openRegular(real, name);
    return handle;
  };
  return {
    key: `file:${real}:${info.ino}:${info.size}:${info.mtimeNs}:${info.ctimeNs}`,
    byteLength,
    firm: info.ctimeNs > 0n,
    sha256: BLOB.exec(real)?.[1],
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
  if (range.start >= 0 && length >= 0 && range.end > byteLength) throw cutShort(name, byteLength);
  if (!(range.start >= 0 && length >= 0)) {
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
    if (bytesRead === 0) throw cutShort(name, range.start + done);
    done += bytesRead;
  }
  return target;
}

function cutShort(name: string, end: number): LoomError {
  const message = `${name} ends at byte ${end}; it was longer when its header was read. Restore the file, then run again.`;
  return new LoomError('source-changed', message, { file: name, byte: end });
}

function fail(name: string, cause: unknown, byte = 0): never {
  if (isLoomError(cause)) throw cause;
  if (isNoAccess(cause)) throw noAccess(name);
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new LoomError('read-failed', `${name} cannot be read at byte ${byte}: ${reason}.`, { file: name, byte }, cause);
}

import { LoomError } from '../errors.ts';
import { isInside } from '../inside.ts';
import type { FileSet } from '../source/types.ts';
import type { Leftovers } from './types.ts';

/** A file's place in a folder handle: the folder that holds it and its name there. */
export interface Place {
  readonly folder: FileSystemDirectoryHandle;
  readonly base: string;
}

/** `move` of a file handle, where the browser has it; the name changes at once, without a copy. */
export interface Movable extends FileSystemFileHandle {
  move?(name: string): Promise<void>;
}

/**
 * The place of `name` in `root`; folders on the way are made. `failed` gives the browser's errors their sentence.
 *
 * @throws LoomError `path-outside-folder`, `output-not-empty` when the name is taken, and what `failed` throws.
 */
export async function placeFor(
  root: FileSystemDirectoryHandle,
  name: string,
  identity: string,
  failed: (name: string, cause: unknown) => never = writeFailed,
): Promise<Place> {
  const parts = partsOf(name, identity);
  const base = parts.pop() ?? '';
  let folder = root;
  for (const part of parts)
    folder = await folder.getDirectoryHandle(part, { create: true }).catch((cause: unknown) => failed(name, cause));
  const taken = await folder.getFileHandle(base).then(
    () => true,
    (cause: unknown) => (isNamed(cause, 'NotFoundError') ? false : failed(name, cause)),
  );
  if (taken) throw new LoomError('output-not-empty', `${name} already exists in ${identity}.`, { file: name });
  return { folder, base };
}

/** @throws LoomError `path-outside-folder`. */
function partsOf(name: string, identity: string): string[] {
  if (isInside(`/${name}`, '') && !name.includes('\\')) return name.split('/');
  throw new LoomError('path-outside-folder', `The name ${name} leads out of ${identity}.`, { file: name });
}

/** A set without the files that are still being written. */
export function onlyFinished(files: FileSet, finished: ReadonlySet<string>): FileSet {
  return {
    identity: files.identity,
    list: async (options) => (await files.list(options)).filter((entry) => finished.has(entry.name)),
    open: async (name, options) => {
      if (!finished.has(name))
        throw new LoomError('path-not-found', `${files.identity} holds no finished file ${name}.`, { file: name });
      return files.open(name, options);
    },
  };
}

/** How long a file that its writers let go is waited for, wait by wait. */
const UNLOCK_WAITS_MS = [5, 10, 20, 50, 100, 200, 500, 1000, 2000];

/**
 * Does what the lock of an open file forbids. A browser frees the lock some time after `close` has returned, later still
 * where another worker held the file, so a refusal for its sake is waited for and tried again, for 4 s at most.
 */
export async function onceUnlocked<T>(act: () => Promise<T>): Promise<T> {
  for (const wait of UNLOCK_WAITS_MS) {
    try {
      return await act();
    } catch (cause) {
      if (!isNamed(cause, 'NoModificationAllowedError')) throw cause;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  return act();
}

/**
 * Removes a file if it is there, then the folders above it that are empty, up to `root`.
 *
 * @throws LoomError `path-outside-folder`.
 */
export async function removeFile(root: FileSystemDirectoryHandle, name: string): Promise<void> {
  const parts = partsOf(name, root.name);
  const way = [root];
  for (const part of parts.slice(0, -1)) {
    const next = await way
      .at(-1)
      ?.getDirectoryHandle(part)
      .catch(() => null);
    if (!next) return;
    way.push(next);
  }
  for (let depth = parts.length - 1; depth >= 0; depth--) {
    const removed = await onceUnlocked(async () => way[depth]?.removeEntry(parts[depth] ?? '')).then(
      () => true,
      () => false,
    );
    if (!removed && depth < parts.length - 1) return;
  }
}

/** Removes what an earlier run began and did not finish; `temporary` is what a file of that name is called on its way. */
export async function removeLeftovers(
  root: FileSystemDirectoryHandle,
  { finished, planned }: Leftovers,
  temporary: (base: string) => string,
): Promise<void> {
  for (const name of planned) {
    const cut = name.lastIndexOf('/') + 1;
    await removeFile(root, name.slice(0, cut) + temporary(name.slice(cut)));
    if (!finished.includes(name)) await removeFile(root, name);
  }
}

/** What the browser's own errors mean for a file being written. @throws LoomError always. */
export function writeFailed(name: string, cause: unknown, byte = 0): never {
  if (cause instanceof LoomError) throw cause;
  if (isNamed(cause, 'QuotaExceededError')) throw diskFull(name, byte, cause);
  if (isNamed(cause, 'NotAllowedError') || isNamed(cause, 'SecurityError')) {
    const message = `The browser no longer lets this page write ${name}. Pick the folder again and start again.`;
    throw new LoomError('permission-lost', message, { file: name, byte }, cause);
  }
  if (isNamed(cause, 'NotFoundError')) {
    const message = `The folder that ${name} was being written to is gone. Pick another folder and start again.`;
    throw new LoomError('permission-lost', message, { file: name, byte }, cause);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new LoomError(
    'write-failed',
    `${name} cannot be written at byte ${byte}: ${reason}.`,
    { file: name, byte },
    cause,
  );
}

/** The one sentence for a full disk. */
export function diskFull(name: string, byte: number, cause?: unknown): LoomError {
  const message = `The disk is full: ${name} could not be written at byte ${byte}. Free space and run again.`;
  return new LoomError('disk-full', message, { file: name, byte }, cause);
}

/** True for a browser error of that name. */
export function isNamed(cause: unknown, name: string): boolean {
  return cause instanceof Error && cause.name === name;
}

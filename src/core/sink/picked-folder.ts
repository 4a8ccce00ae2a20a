import { LoomError, throwIfAborted } from '../errors.ts';
import { directoryFiles } from '../source/blob.ts';
import { MIB } from '../units.ts';
import {
  isNamed,
  type Movable,
  onlyFinished,
  type Place,
  placeFor,
  removeFile,
  removeLeftovers,
  writeFailed,
} from './directory.ts';
import type { Leftovers, Sink, SinkFile } from './types.ts';

/** Long buffers go out in pieces, so that a cancelled write ends soon. */
const WRITE_BYTES = 16 * MIB;
/** Before the name, not after it: the browser judges a file by its ending. */
const UNFINISHED = 'moe-loom-unfinished.';
const unfinishedName = (base: string) => UNFINISHED + base;
/** Files that a system puts into every folder it shows. */
const SYSTEM_FILES: ReadonlySet<string> = new Set(['.DS_Store', 'desktop.ini', 'Thumbs.db']);

export interface PickedFolderOptions {
  /** Called with a file's name while the browser copies the finished file to its place, and with null when it has: that takes as long as writing it did. */
  readonly onFinalising?: ((file: string | null) => void) | undefined;
  /** What an earlier run left there, to be continued. */
  readonly leftovers?: Leftovers | undefined;
}

/**
 * A folder that a person picked, which must be empty. The browser collects a file's bytes aside and shows the file when
 * it is finished.
 *
 * @throws LoomError `output-not-empty`, `permission-lost`.
 * @example
 * ```ts browser
 * import { createPickedFolderSink, runPlan } from 'moe-loom/convert';
 * import { openHubRepo } from 'moe-loom/hub';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { planConversion } from 'moe-loom/plan';
 * const folder = await showDirectoryPicker({ mode: 'readwrite' });
 * const files = await openHubRepo('Qwen/Qwen3-30B-A3B');
 * const plan = planConversion(await openCheckpoint(files), 'stacked');
 * await runPlan(plan, { files, sink: await createPickedFolderSink(folder) });
 * ```
 */
export async function createPickedFolderSink(
  handle: FileSystemDirectoryHandle,
  options: PickedFolderOptions = {},
): Promise<Sink> {
  if (options.leftovers) await removeLeftovers(handle, options.leftovers, unfinishedName);
  await assertEmpty(handle, options.leftovers?.finished ?? []);
  const finished = new Set<string>(options.leftovers?.finished);
  const unfinished = new Set<SinkFile>();
  const close = async () => {
    for (const file of unfinished) await file.abort();
    unfinished.clear();
  };
  return {
    identity: handle.name,
    create: async (name, byteLength, createOptions) => {
      throwIfAborted(createOptions?.signal);
      const place = await placeFor(handle, name, handle.name);
      const file = await createFile(handle, place, name, byteLength, options, () => {
        unfinished.delete(file);
        finished.add(name);
      });
      unfinished.add(file);
      return file;
    },
    adopt: (name) => void finished.add(name),
    remove: async (name) => {
      finished.delete(name);
      await removeFile(handle, name);
    },
    files: () => onlyFinished(directoryFiles(handle), finished),
    discard: async () => {
      await close();
      for (const name of finished) await removeFile(handle, name);
      finished.clear();
    },
    close,
  };
}

async function assertEmpty(handle: FileSystemDirectoryHandle, known: readonly string[]): Promise<void> {
  const tops = new Set(known.map((name) => name.split('/')[0]));
  try {
    for await (const held of handle.keys()) {
      if (SYSTEM_FILES.has(held) || tops.has(held)) continue;
      throw new LoomError(
        'output-not-empty',
        `The folder ${handle.name} is not empty (it holds ${held}). Pick or make an empty one.`,
        { file: held },
      );
    }
  } catch (cause) {
    writeFailed(handle.name, cause);
  }
}

async function createFile(
  root: FileSystemDirectoryHandle,
  place: Place,
  name: string,
  byteLength: number,
  options: PickedFolderOptions,
  done: () => void,
): Promise<SinkFile> {
  const folderName = name.slice(0, name.length - place.base.length);
  const temporary = unfinishedName(place.base);
  const handle: Movable = await place.folder
    .getFileHandle(temporary, { create: true })
    .catch((cause) => writeFailed(name, cause));
  const stream = await handle.createWritable().catch(async (cause) => {
    await removeFile(root, folderName + temporary);
    return writeFailed(name, cause);
  });
  let open = true;
  let end = 0;
  let written = 0;
  return {
    name,
    write: async (bytes, offset, writeOptions) => {
      for (let done = 0; done < bytes.byteLength; done += WRITE_BYTES) {
        throwIfAborted(writeOptions?.signal);
        const data = bytes.subarray(done, done + WRITE_BYTES);
        await stream
          .write({ type: 'write', position: offset + done, data })
          .catch((cause) => writeFailed(name, cause, offset + done));
      }
      written += bytes.byteLength;
      end = Math.max(end, offset + bytes.byteLength);
    },
    commit: async (commitOptions) => {
      throwIfAborted(commitOptions?.signal);
      if (end !== byteLength || written < byteLength) {
        throw new LoomError('write-failed', `${name} has ${Math.min(end, written)} bytes instead of ${byteLength}.`, {
          file: name,
        });
      }
      options.onFinalising?.(name);
      try {
        await stream.close().catch((cause) => writeFailed(name, cause, byteLength));
        open = false;
        await giveName(place, handle, name);
      } finally {
        options.onFinalising?.(null);
      }
      done();
    },
    abort: async () => {
      if (open) await stream.abort().catch(() => undefined);
      open = false;
      await removeFile(root, folderName + temporary);
    },
  };
}

/** Renames the finished file; a browser that cannot rename is told to copy. */
async function giveName(place: Place, handle: Movable, name: string): Promise<void> {
  const moved = await handle.move?.(place.base).then(
    () => true,
    (cause: unknown) =>
      isNamed(cause, 'NotSupportedError') || isNamed(cause, 'InvalidModificationError')
        ? false
        : writeFailed(name, cause),
  );
  if (moved) return;
  try {
    const target = await place.folder.getFileHandle(place.base, { create: true });
    const stream = await target.createWritable();
    await stream.write(await handle.getFile());
    await stream.close();
    await place.folder.removeEntry(handle.name);
  } catch (cause) {
    await place.folder.removeEntry(place.base).catch(() => undefined);
    writeFailed(name, cause);
  }
}

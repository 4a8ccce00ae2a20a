import { throwIfAborted } from '../errors.ts';
import { createCrc32 } from '../hash.ts';
import { blobSource } from '../source/blob-source.ts';
import { MIB } from '../units.ts';
import { layOutZip } from './zip.ts';

/** Contents are read in pieces of this length, one at a time. */
export const ZIP_READ_BYTES = 4 * MIB;

export interface ZipOptions {
  /** The folder that holds all files of the archive, so that unpacking makes one folder. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that have been read, after each piece. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** A file that goes into an archive. */
export interface ZipFile {
  readonly name: string;
  readonly file: File;
}

/**
 * One ZIP archive of files as a `Blob`, for one download.
 *
 * Each file is read once for its checksum, {@link ZIP_READ_BYTES} at a time. The archive is then a `Blob` of headers in
 * memory and of the files themselves, which the browser reads from its disk while it saves the download. No second copy
 * is made in the browser storage or in memory, and this works in every browser, with no picker and no service worker.
 * `showSaveFilePicker` would also stream, but only Chromium has it, and its swap file is copied once more at the end.
 *
 * @throws LoomError as `layOutZip`; `read-failed` and the like when a file was changed or removed meanwhile; `cancelled`.
 */
export async function zipBlob(files: readonly ZipFile[], options: ZipOptions): Promise<Blob> {
  const { folder, signal, onProgress } = options;
  const hasher = await createCrc32();
  const buffer = new Uint8Array(Math.min(ZIP_READ_BYTES, Math.max(0, ...files.map(({ file }) => file.size))));
  let done = 0;
  const entries = [];
  for (const { name, file } of files) {
    const source = blobSource(file, name, folder);
    hasher.reset();
    for (let start = 0; start < file.size; start += buffer.byteLength) {
      throwIfAborted(signal);
      const end = Math.min(file.size, start + buffer.byteLength);
      hasher.update(await source.read({ start, end }, { signal, into: buffer }));
      done += end - start;
      onProgress?.(done);
    }
    const modified = new Date(file.lastModified);
    entries.push({
      name: `${folder}/${name}`,
      byteLength: file.size,
      crc32: Number.parseInt(hasher.digest(), 16),
      modified,
    });
  }
  const parts = layOutZip(entries).parts.map((part) => (part.kind === 'bytes' ? part.bytes : files[part.entry]?.file));
  return new Blob(parts as BlobPart[], { type: 'application/zip' });
}

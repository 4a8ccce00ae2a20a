import { LoomError, throwIfAborted } from '../errors.ts';
import { restoreOffsets } from './short-offsets.ts';
import type { ByteRange, ByteSource, FileSet } from './types.ts';

/** One file of a headers-only checkpoint: `held` bytes from its start are there, the rest is only counted. */
export interface HeldFile {
  readonly name: string;
  readonly byteLength: number;
  readonly held: number;
  /** Bytes in the blob, where the header is stored with short offsets; without it, `held` bytes as they are. */
  readonly stored?: number;
}

/** What a headers-only sample says about itself. Its bytes follow each other in one blob, in the order of `files`. */
export interface HeadersManifest {
  readonly identity: string;
  readonly files: readonly HeldFile[];
}

/**
 * A checkpoint of which only the headers are there: true names, shapes and file sizes, no tensor bytes.
 *
 * A read that starts inside what is held may look ahead, as header readers do, and gets zeros there; one that starts in
 * tensor data is refused with a sentence.
 * @throws LoomError `read-short` when the blob is shorter than the manifest says.
 */
export function headersOnlyFiles(manifest: HeadersManifest, blob: Uint8Array): FileSet {
  const sources = new Map<string, ByteSource>();
  let at = 0;
  for (const file of manifest.files) {
    const end = at + (file.stored ?? file.held);
    if (end > blob.length) throw tooShort(manifest, file, blob.length);
    const part = blob.subarray(at, end);
    const bytes = file.stored === undefined ? part : restoreOffsets(part);
    if (bytes.length !== file.held) throw tooShort(manifest, file, end);
    sources.set(file.name, heldSource(manifest.identity, file, bytes));
    at = end;
  }
  return {
    identity: manifest.identity,
    list: async () => manifest.files.map(({ name, byteLength }) => ({ name, byteLength })),
    open: async (name) => {
      const source = sources.get(name);
      if (!source) {
        throw new LoomError('path-not-found', `${manifest.identity} holds no file ${name}.`, { file: name });
      }
      return source;
    },
  };
}

function tooShort({ identity }: HeadersManifest, { name }: HeldFile, byte: number): LoomError {
  return new LoomError('read-short', `The headers of ${identity} end before those of ${name}.`, { file: name, byte });
}

function heldSource(identity: string, file: HeldFile, bytes: Uint8Array): ByteSource {
  return {
    key: `headers:${identity}/${file.name}`,
    byteLength: file.byteLength,
    read: async (range, options) => {
      throwIfAborted(options?.signal);
      checkRange(identity, file, range);
      const length = range.end - range.start;
      const target = options?.into?.subarray(0, length) ?? new Uint8Array(length);
      target.fill(0);
      target.set(bytes.subarray(range.start, Math.min(range.end, file.held)));
      return target;
    },
  };
}

function checkRange(identity: string, { name, byteLength, held }: HeldFile, { start, end }: ByteRange): void {
  if (start < 0 || end < start || end > byteLength) {
    throw new LoomError('internal', `Bytes ${start}–${end} are not in ${name} (${byteLength} bytes).`, { file: name });
  }
  if (start < held || start === end) return;
  const message = `${identity} has only its headers in this sample: the weights in ${name} are not included. Open the model on the Hub to read them.`;
  throw new LoomError('not-convertible', message, { file: name, byte: start });
}

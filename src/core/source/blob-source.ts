import { LoomError, throwIfAborted } from '../errors.ts';
import { MIB } from '../units.ts';
import type { ByteRange, ByteSource, ReadOptions } from './types.ts';

/** Local reads pass through the browser process: below this size their fixed cost shows, above it nothing is gained. */
const SLICE_BYTES = 16 * MIB;
/** Ranges from this size on are streamed. */
const STREAM_FROM_BYTES = MIB;
/** More than a browser hands over at once. */
const SCRATCH_BYTES = MIB;

/** What huggingface_hub calls a blob of its cache: the sha256 that the Hub states for a file in large-file storage. */
const BLOB = /(?:^|\/)blobs\/([0-9a-f]{64})$/;

/**
 * A `File` of the browser as a source. `name` is what a person would call it, `key` names it by size and time of change:
 * browsers tell no more, so the key is not firm.
 */
export function blobSource(file: File, name: string, identity = ''): ByteSource {
  return {
    key: `blob:${identity}/${name}:${file.size}:${file.lastModified}`,
    byteLength: file.size,
    sha256: BLOB.exec(name)?.[1],
    read: (range, options) => readBlob(file, name, range, options),
  };
}

async function readBlob(
  file: File,
  name: string,
  range: ByteRange,
  options: ReadOptions | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const length = range.end - range.start;
  if (!(range.start >= 0 && length >= 0 && range.end <= file.size)) {
    throw new LoomError('internal', `Bytes ${range.start}–${range.end} are not in ${name} (${file.size} bytes).`, {
      file: name,
    });
  }
  throwIfAborted(options?.signal);
  const into = options?.into?.subarray(0, length);
  if (!into && length < STREAM_FROM_BYTES) return readSlice(file, name, range.start, range.end);
  const target = into ?? new Uint8Array(length);
  let done = length < STREAM_FROM_BYTES ? 0 : await readStreamed(file, range, target, options?.signal);
  while (done < length) {
    throwIfAborted(options?.signal);
    const end = Math.min(length, done + SLICE_BYTES);
    target.set(await readSlice(file, name, range.start + done, range.start + end), done);
    done = end;
  }
  return target;
}

const scratches: ArrayBuffer[] = [];
/** Chromium (156) collects a byte stream's reader that nothing else holds, with its pending read, which then never settles. */
const reading = new Set<ReadableStreamBYOBReader>();

/**
 * Reads a range through one buffer that is used again and again: a third of the processor time of reads that each make
 * a buffer. Gives how many bytes came, 0 where the browser cannot; what stopped it, a read of the rest will say.
 */
async function readStreamed(
  file: File,
  { start, end }: ByteRange,
  target: Uint8Array<ArrayBuffer>,
  signal: AbortSignal | undefined,
): Promise<number> {
  const reader = byteReader(file.slice(start, end));
  if (!reader) return 0;
  const stop = () => void reader.cancel().catch(() => undefined);
  signal?.addEventListener('abort', stop);
  reading.add(reader);
  let scratch = scratches.pop() ?? new ArrayBuffer(SCRATCH_BYTES);
  let done = 0;
  try {
    for (;;) {
      const { value, done: ended } = await reader.read(new Uint8Array(scratch));
      if (value) {
        scratch = value.buffer;
        target.set(value, done);
        done += value.byteLength;
      }
      if (ended) return done;
    }
  } catch {
    stop();
    return done;
  } finally {
    signal?.removeEventListener('abort', stop);
    reading.delete(reader);
    if (scratch.byteLength === SCRATCH_BYTES) scratches.push(scratch);
  }
}

function byteReader(slice: Blob): ReadableStreamBYOBReader | null {
  try {
    return slice.stream().getReader({ mode: 'byob' });
  } catch {
    return null;
  }
}

async function readSlice(file: File, name: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await file
    .slice(start, end)
    .arrayBuffer()
    .catch((cause: unknown) => readFailed(name, cause, start));
  if (bytes.byteLength !== end - start) {
    throw new LoomError('read-short', `${name} gave ${bytes.byteLength} of ${end - start} bytes at byte ${start}.`, {
      file: name,
      byte: start,
    });
  }
  return new Uint8Array(bytes);
}

/** What the browser's own errors mean for a file that a person handed to the page. @throws LoomError always. */
export function readFailed(name: string, cause: unknown, byte = 0): never {
  const kind = cause instanceof Error ? cause.name : '';
  if (kind === 'NotReadableError' || kind === 'NotFoundError') {
    const message = `${name} was changed, moved or removed after it was chosen. Choose it again.`;
    throw new LoomError('source-changed', message, { file: name, byte }, cause);
  }
  if (kind === 'NotAllowedError' || kind === 'SecurityError') {
    const message = `The browser no longer lets this page read ${name}. Choose the folder again.`;
    throw new LoomError('permission-lost', message, { file: name, byte }, cause);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new LoomError('read-failed', `${name} cannot be read at byte ${byte}: ${reason}.`, { file: name, byte }, cause);
}

import { throwIfAborted } from '../errors.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';
import { type CreateStreamDigest, createStreamDigest, type StreamDigest } from './stream-digest.ts';

/** Result of comparing the files of a source with the hashes that it states. */
export interface SourceVerification {
  /** Names of files whose SHA-256 is the stated one. */
  readonly checked: readonly string[];
  /** Files with another SHA-256: corrupted during the download or on disk. */
  readonly wrong: readonly { readonly file: string; readonly stated: string; readonly found: string }[];
  /** Files of weights for which no hash is stated. */
  readonly unchecked: readonly string[];
  /** Bytes that were read and hashed. */
  readonly bytes: number;
}

export interface SourceHashOptions {
  /** Computes hashes; in this thread unless given. */
  readonly digest?: CreateStreamDigest | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes read so far, and bytes to read. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Two of these are held: one is hashed while the next is read. */
const BLOCK_BYTES = 4 * MIB;

/**
 * Reads every file for which the source states a SHA-256 from start to end, and compares. Nothing is converted. All files
 * are read, also after one that does not match.
 *
 * @throws LoomError `cancelled`, and what the source throws.
 */
export async function verifySourceHashes(
  files: FileSet,
  { digest = createStreamDigest, signal, onProgress }: SourceHashOptions = {},
): Promise<SourceVerification> {
  const listed = await files.list({ signal });
  const stated: { readonly name: string; readonly sha256: string; readonly byteLength: number }[] = [];
  const unchecked: string[] = [];
  for (const { name } of listed) {
    const { sha256, byteLength, dispose } = await files.open(name, { signal });
    await dispose?.();
    if (sha256 !== undefined) stated.push({ name, sha256, byteLength });
    else if (name.endsWith('.safetensors')) unchecked.push(name);
  }
  const total = stated.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let bytes = 0;
  const checked: string[] = [];
  const wrong: SourceVerification['wrong'][number][] = [];
  for (const { name, sha256 } of stated) {
    const source = await files.open(name, { signal });
    const stream = await digest();
    try {
      const found = await digestSource(source, stream, signal, (more) => {
        bytes += more;
        onProgress?.(bytes, total);
      });
      if (found === sha256) checked.push(name);
      else wrong.push({ file: name, stated: sha256, found });
    } finally {
      stream.dispose?.();
      await source.dispose?.();
    }
  }
  return { checked, wrong, unchecked, bytes };
}

async function digestSource(
  source: ByteSource,
  stream: StreamDigest,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<string> {
  let spare = new Uint8Array(Math.min(BLOCK_BYTES, source.byteLength));
  const fill = async (start: number, into: Uint8Array<ArrayBuffer>) => {
    const got = await source.read({ start, end: Math.min(source.byteLength, start + BLOCK_BYTES) }, { signal, into });
    if (got.buffer !== into.buffer) into.set(got);
    return into.subarray(0, got.byteLength);
  };
  const read = (start: number, into: Uint8Array<ArrayBuffer>) => {
    const bytes = fill(start, into);
    bytes.catch(() => undefined);
    return bytes;
  };
  let next = source.byteLength > 0 ? read(0, new Uint8Array(spare.byteLength)) : null;
  for (let start = BLOCK_BYTES; next; start += BLOCK_BYTES) {
    const bytes = await next;
    throwIfAborted(signal);
    next = start < source.byteLength ? read(start, spare) : null;
    const { byteLength } = bytes;
    spare = new Uint8Array((await stream.update(bytes)).buffer);
    onBytes(byteLength);
  }
  return stream.digest();
}

import { LoomError } from '../errors.ts';
import { JSON_PART_BYTES } from '../safetensors/json-parts.ts';
import type { HeaderCache } from '../source/header-cache.ts';
import type { ByteSource, FileSet } from '../source/types.ts';

interface Readers {
  readonly signal?: AbortSignal | undefined;
  readonly cache?: HeaderCache | null | undefined;
}

/** How a file is read that is no tensor data. */
export interface Way<T> {
  /** More bytes than such a file may have are refused. */
  readonly limit: number;
  readonly parse: (bytes: Uint8Array<ArrayBuffer>) => T;
  /** For a file that is longer than a part. */
  readonly long?: (source: ByteSource) => Promise<T>;
}

/** A file, parsed: from the cache when what is there has its length and parses, else from the source. */
export async function readParsed<T>(
  files: FileSet,
  file: string,
  { limit, parse, long }: Way<T>,
  { signal, cache }: Readers,
): Promise<T> {
  const source = await files.open(file, { signal });
  try {
    const { key, byteLength } = source;
    if (byteLength > limit) {
      const message = `${file} has ${byteLength} bytes, more than the ${limit} that such a file may have.`;
      throw new LoomError('read-failed', message, { file });
    }
    if (long && byteLength > JSON_PART_BYTES) return await long(source);
    const known = cache ? await recall(cache, key, byteLength, parse) : null;
    if (known) return known.value;
    const bytes = await source.read({ start: 0, end: byteLength }, { signal });
    const value = parse(bytes);
    await cache?.put(key, bytes);
    return value;
  } finally {
    await source.dispose?.();
  }
}

/** What the cache holds, when it has the length of the file and parses; anything else is removed from it. */
async function recall<T>(
  cache: HeaderCache,
  key: string,
  byteLength: number,
  parse: (bytes: Uint8Array<ArrayBuffer>) => T,
): Promise<{ readonly value: T } | null> {
  const kept = await cache.get(key);
  if (kept === null) return null;
  try {
    if (kept.length === byteLength) return { value: parse(kept) };
  } catch {
    // Not this file: below.
  }
  await cache.remove(key);
  return null;
}

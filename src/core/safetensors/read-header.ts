import { type ErrorTag, isLoomError, LoomError } from '../errors.ts';
import { release } from '../release.ts';
import type { HeaderCache } from '../source/header-cache.ts';
import type { ByteSource } from '../source/types.ts';
import { formatBytes, KIB, MIB } from '../units.ts';
import { readParts } from './json-parts.ts';
import { LFS_POINTER_LIMIT, parseLfsPointer } from './lfs-pointer.ts';
import { nameForeignFile } from './not-weights.ts';
import { createHeaderReader, LENGTH_BYTES, parseHeader, parseHeaderLength } from './parse-header.ts';
import type { Header } from './types.ts';

export interface ReadHeaderOptions {
  /** What messages call the file. */
  readonly file: string;
  readonly signal?: AbortSignal | undefined;
  readonly maxHeaderBytes?: number | undefined;
  /** Bytes of the first read; a header that fits costs one request. */
  readonly window?: number | undefined;
  /** Asked before the source, under the source's key; a header that was read is put there. */
  readonly cache?: HeaderCache | null | undefined;
}

/** Holds the header of about 700 tensors: most shards of most models. */
export const HEADER_WINDOW = 64 * KIB;

/** A header longer than this is read from its start again, in parts: whole, it would be in memory beside what is made of it. */
const LONG = 16 * MIB;

/**
 * The header of a file, in one read when it fits the window and in two otherwise.
 *
 * @throws LoomError `lfs-pointer` with `sha256` and `size`, `not-weights` for what is plainly something else, what `parseHeader` throws, and what the source throws.
 * @example
 * ```ts
 * import { openFolder } from 'moe-loom/node';
 * import { readHeader } from 'moe-loom/safetensors';
 * const files = await openFolder('model');
 * const source = await files.open('model-00001-of-00003.safetensors');
 * const { tensors } = await readHeader(source, { file: 'model-00001-of-00003.safetensors' });
 * console.log(tensors.size); // → 43
 * await source.dispose?.();
 * ```
 */
export async function readHeader(source: ByteSource, options: ReadHeaderOptions): Promise<Header> {
  const { cache } = options;
  const known = cache ? await recallHeader(source, cache, options) : null;
  if (known !== null) return known;
  const window = new Uint8Array(windowBytes(source, options));
  const first = await readFirst(window, source, options);
  const end = LENGTH_BYTES + lengthIn(first, source, options);
  if (end > LONG) return told(source, options, () => readLong(source, end, options));
  const bytes = await upTo(end, first, source, options);
  const header = await told(source, options, () =>
    parseHeader(bytes.subarray(LENGTH_BYTES), limitsOf(source, options)),
  );
  await cache?.put(source.key, bytes);
  release(window);
  release(bytes);
  return header;
}

/** A long header, part by part. It is not cached. */
async function readLong(source: ByteSource, end: number, options: ReadHeaderOptions): Promise<Header> {
  const reader = createHeaderReader(end - LENGTH_BYTES, limitsOf(source, options));
  await readParts(source, { start: LENGTH_BYTES, end }, reader, options.signal);
  return reader.result();
}

/** Faults of a file that was cut short, damaged, or saved wrongly. */
const DAMAGED: ReadonlySet<ErrorTag> = new Set([
  'header-too-small',
  'header-too-large',
  'header-length-invalid',
  'header-utf8-invalid',
  'header-json-invalid',
  'header-depth-exceeded',
  'header-key-duplicate',
  'metadata-invalid',
  'tensor-entry-invalid',
  'shape-overflow',
  'tensor-misaligned',
  'tensor-size-mismatch',
  'offsets-invalid',
  'data-incomplete',
  'tensor-name-reserved',
  'name-not-well-formed',
]);
const GET_AGAIN = 'Download the file again. If the error returns, ask its author to save the file again.';

/** An error of the format with what to do about the file; any other error as it is. */
function withWay(error: unknown): unknown {
  if (!isLoomError(error) || !DAMAGED.has(error.tag)) return error;
  return new LoomError(error.tag, `${error.message} ${GET_AGAIN}`, error.fields, error.cause);
}

/** The header; where the file goes on after its end, the error says whether another file begins there. */
async function told(
  source: ByteSource,
  options: ReadHeaderOptions,
  read: () => Header | Promise<Header>,
): Promise<Header> {
  try {
    return await read();
  } catch (error) {
    const isLonger = isLoomError(error) && error.tag === 'data-incomplete';
    const joined = isLonger ? await joinedAt(error, source, options) : null;
    throw joined ?? withWay(error);
  }
}

/** The error of two files written one behind the other, null where no header begins at the end of the first. */
async function joinedAt(error: LoomError, source: ByteSource, { file, signal }: ReadHeaderOptions) {
  const { byte } = error.fields;
  if (byte === undefined || byte + LENGTH_BYTES >= source.byteLength) return null;
  const start = await source.read({ start: byte, end: byte + LENGTH_BYTES + 1 }, { signal });
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  const fits = length > 1n && length + BigInt(byte + LENGTH_BYTES) <= BigInt(source.byteLength);
  if (!fits || start[LENGTH_BYTES] !== OPEN_BRACE) return null;
  const message = `${error.message} Another safetensors file begins there: two files were joined into one, and readers of the format refuse it. Cut ${file} at byte ${byte} into two files, or get the files of the model again.`;
  return new LoomError('data-incomplete', message, error.fields, error);
}

const OPEN_BRACE = 0x7b;

/** Length of the first window of the file. */
function windowBytes({ byteLength }: ByteSource, { window = HEADER_WINDOW }: ReadHeaderOptions): number {
  const least = byteLength < LFS_POINTER_LIMIT ? byteLength : Math.max(window, LENGTH_BYTES);
  return Math.min(least, byteLength);
}

/** The first bytes of the file, read into `window`. */
async function readFirst(
  window: Uint8Array<ArrayBuffer>,
  source: ByteSource,
  { file, signal }: ReadHeaderOptions,
): Promise<Uint8Array> {
  const first = await source.read({ start: 0, end: window.length }, { signal, into: window });
  if (source.byteLength < LFS_POINTER_LIMIT) refusePointer(first, file);
  return first;
}

/** The file up to the end of its header, of which the first bytes are here. */
async function upTo(
  end: number,
  first: Uint8Array,
  source: ByteSource,
  { signal }: ReadHeaderOptions,
): Promise<Uint8Array> {
  if (end <= first.length) return first.subarray(0, end);
  const whole = new Uint8Array(end);
  whole.set(first);
  whole.set(await source.read({ start: first.length, end }, { signal }), first.length);
  return whole;
}

/** The header's length. @throws LoomError `not-weights` where the first bytes show what else the file is. */
function lengthIn(first: Uint8Array, source: ByteSource, options: ReadHeaderOptions): number {
  try {
    return parseHeaderLength(first, limitsOf(source, options));
  } catch (error) {
    throw nameForeignFile(first, options.file) ?? withWay(error);
  }
}

function limitsOf(source: ByteSource, { file, maxHeaderBytes }: ReadHeaderOptions) {
  return { file, fileSize: source.byteLength, maxHeaderBytes };
}

/** What the cache holds, when it is a whole header of a file of this size; anything else is removed from it. */
async function recallHeader(source: ByteSource, cache: HeaderCache, options: ReadHeaderOptions) {
  const bytes = await cache.get(source.key);
  if (bytes === null) return null;
  const limits = limitsOf(source, options);
  try {
    if (bytes.length === LENGTH_BYTES + parseHeaderLength(bytes, limits)) {
      return parseHeader(bytes.subarray(LENGTH_BYTES), limits);
    }
  } catch {
    // Not a header of this file: below.
  }
  await cache.remove(source.key);
  return null;
}

function refusePointer(bytes: Uint8Array, file: string): void {
  const pointer = parseLfsPointer(bytes);
  if (pointer === null) return;
  const { sha256, size } = pointer;
  const message = `${file} is a Git LFS pointer to ${formatBytes(size)} (${size} bytes, sha256 ${sha256}), not the weights.`;
  throw new LoomError('lfs-pointer', message, { file, sha256, size });
}

/** First window of a checkpoint of which nothing is known: holds the header of about 1,000 tensors. */
export const FIRST_WINDOW = 128 * KIB;
/** Windows are whole multiples of this. */
const WINDOW_STEP = 4 * KIB;
/** A little more than is expected: a top-up costs a second request. */
const MARGIN = 1.05;
/** After so many headers the longest of them is the best guess. */
const TRUSTED_HEADERS = 3;
/** A tensor of a numbered layer: others, as embeddings are, say nothing about how densely these lie. */
const IN_LAYER = /\.\d+\./;
/** Bytes of an entry beside its name, `"":{"dtype":"BF16","shape":[1536,4096],"data_offsets":[…]},`, until one was seen. */
const ENTRY_BYTES = 90;
/** With fewer tensors padding and metadata weigh too much to tell what an entry takes. */
const TELLING_TENSORS = 16;
/** Room for `__metadata__` where only names are known. */
const METADATA_BYTES = 256;

/** The names that an index sends to one shard: how many, and their bytes. */
export interface ShardNames {
  readonly count: number;
  readonly bytes: number;
}

/** What a listing tells before any header was read: the index names every tensor, as headers do. */
export interface ListedSizes {
  readonly indexBytes: number;
  /** Length of the name of one shard, which every line of the index repeats. */
  readonly shardName: number;
  /** Bytes of all shards. */
  readonly shardBytes: number;
}

/** Length that names of tensors mostly have; with longer ones, the guess from the index is too high and not too low. */
const NAME_BYTES = 48;
/** What a line of an index holds beside its names: `    "": "",` and its end. */
const LINE_BYTES = 12;
/** However long an index is, nobody fetches more than this on its word alone. */
const MOST_UNSEEN = 512 * KIB;

/** Guesses how much of each shard to ask for, from the headers of its siblings and the names in the index. */
export interface WindowGuide {
  /** Bytes that hold the header of a shard of `byteLength` bytes, in all likelihood. */
  windowFor(byteLength: number, names?: ShardNames): number;
  learn(header: Header): void;
}

export function createWindowGuide(sizes: ListedSizes | null = null): WindowGuide {
  let seen = 0;
  let longest = 0;
  let density = 0;
  let perEntry = 0;
  return {
    windowFor: (byteLength, names) => {
      if (names) return rounded(METADATA_BYTES + names.bytes + names.count * (perEntry || ENTRY_BYTES));
      if (seen === 0) return sizes === null ? FIRST_WINDOW : windowFrom(sizes, byteLength);
      if (seen >= TRUSTED_HEADERS) return rounded(longest);
      const most = Math.max(FIRST_WINDOW / MARGIN, 2 * longest);
      return rounded(Math.max(longest, density === 0 ? most : Math.min(density * byteLength, most)));
    },
    learn: (header) => {
      const length = LENGTH_BYTES + header.headerLength;
      seen++;
      longest = Math.max(longest, length);
      density = Math.max(density, densityOf(header, length));
      perEntry = Math.max(perEntry, perEntryOf(header, length));
    },
  };
}

/** A shard's part of all tensors by its part of all bytes, each entry as much longer than its line as is usual. */
function windowFrom({ indexBytes, shardName, shardBytes }: ListedSizes, byteLength: number): number {
  const headers = (indexBytes * (NAME_BYTES + ENTRY_BYTES)) / (NAME_BYTES + LINE_BYTES + shardName);
  return Math.min(MOST_UNSEEN, rounded(METADATA_BYTES + headers * Math.min(1, byteLength / Math.max(1, shardBytes))));
}

function rounded(bytes: number): number {
  return Math.ceil((bytes * MARGIN) / WINDOW_STEP) * WINDOW_STEP;
}

/** Header bytes for each data byte of layers; 0 where there is none. */
function densityOf({ tensors }: Header, length: number): number {
  let bytes = 0;
  for (const { name, start, end } of tensors.values()) if (IN_LAYER.test(name)) bytes += end - start;
  return bytes === 0 ? 0 : length / bytes;
}

function perEntryOf({ tensors, metadata }: Header, length: number): number {
  if (tensors.size < TELLING_TENSORS || (metadata?.size ?? 0) > 1) return 0;
  let names = 0;
  for (const name of tensors.keys()) names += name.length;
  return (length - names) / tensors.size;
}

import { LoomError } from '../errors.ts';
import type { ByteSource } from '../source/types.ts';
import { formatBytes, KIB } from '../units.ts';
import { LFS_POINTER_LIMIT, parseLfsPointer } from './lfs-pointer.ts';
import { LENGTH_BYTES, parseHeader, parseHeaderLength } from './parse-header.ts';
import type { Header } from './types.ts';

export interface ReadHeaderOptions {
  /** What messages call the file. */
  readonly file: string;
  readonly signal?: AbortSignal | undefined;
  readonly maxHeaderBytes?: number | undefined;
  /** Bytes of the first read; a header that fits costs one request. */
  readonly window?: number | undefined;
}

/** Holds the header of about 700 tensors: most shards of most models. */
export const HEADER_WINDOW = 64 * KIB;

/**
 * The header of a file, in one read when it fits the window and in two otherwise.
 *
 * @throws LoomError `lfs-pointer` with `sha256` and `size`, what `parseHeader` throws, and what the source throws.
 */
export async function readHeader(source: ByteSource, options: ReadHeaderOptions): Promise<Header> {
  const { file, signal, maxHeaderBytes, window = HEADER_WINDOW } = options;
  const fileSize = source.byteLength;
  const limits = { file, fileSize, maxHeaderBytes };
  const least = fileSize < LFS_POINTER_LIMIT ? fileSize : Math.max(window, LENGTH_BYTES);
  const first = await source.read({ start: 0, end: Math.min(least, fileSize) }, { signal });
  if (fileSize < LFS_POINTER_LIMIT) refusePointer(first, file);
  const end = LENGTH_BYTES + parseHeaderLength(first, limits);
  if (end <= first.length) return parseHeader(first.subarray(LENGTH_BYTES, end), limits);
  const json = new Uint8Array(end - LENGTH_BYTES);
  json.set(first.subarray(LENGTH_BYTES));
  const rest = await source.read({ start: first.length, end }, { signal });
  json.set(rest, first.length - LENGTH_BYTES);
  return parseHeader(json, limits);
}

function refusePointer(bytes: Uint8Array, file: string): void {
  const pointer = parseLfsPointer(bytes);
  if (pointer === null) return;
  const { sha256, size } = pointer;
  const message = `${file} is a Git LFS pointer to ${formatBytes(size)} (${size} bytes, sha256 ${sha256}), not the weights.`;
  throw new LoomError('lfs-pointer', message, { file, sha256, size });
}

import { LoomError } from '../errors.ts';
import { type DType, isDType, rankOf } from './dtype.ts';
import { quote } from './json-scanner.ts';
import { MAX_HEADER_TENSORS, tooManyTensors } from './limits.ts';
import { LENGTH_BYTES, MAX_HEADER_BYTES, METADATA_KEY } from './parse-header.ts';
import { exactByteCount, MAX_U64, plainByteCount, shapeFault } from './tensor-size.ts';
import type { DataOffset, FileOffset, Shape, TensorInfo } from './types.ts';
import { assertWellFormed, compareUtf8, utf8Order } from './utf8.ts';

/** A tensor to be written; `exactShape` as in `TensorInfo`, for dims above 2^53 − 1. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly exactShape?: readonly bigint[] | undefined;
}

export interface LayoutOptions {
  readonly maxHeaderBytes?: number | undefined;
  readonly maxTensors?: number | undefined;
}

/** The beginning of a file and where everything after it goes. */
export interface HeaderLayout {
  /** All bytes before the data: length field and padded JSON. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** In the order of the file. */
  readonly tensors: readonly TensorInfo[];
  readonly dataStart: FileOffset;
  readonly fileSize: number;
}

const ALIGNMENT = 8;
const SPACE = 0x20;

/**
 * The header that the reference writer gives these tensors, byte for byte: highest dtype first, then by the names' UTF-8
 * bytes, without gaps. Metadata, whose order the reference leaves to chance, is sorted by its keys' bytes.
 *
 * @throws LoomError `tensor-name-reserved`, `header-key-duplicate` (two of one name), `name-not-well-formed`, `dtype-unknown`,
 * `tensor-entry-invalid` (a dim), `shape-overflow`, `tensor-misaligned`, `metadata-invalid`, `header-too-large`.
 * @example
 * ```ts
 * import { layoutHeader } from 'moe-loom/safetensors';
 * const { fileSize, dataStart } = layoutHeader([{ name: 'w', dtype: 'F32', shape: [2, 3] }], null);
 * console.log(fileSize - dataStart); // → 24
 * ```
 */
export function layoutHeader(
  specs: readonly TensorSpec[],
  metadata: ReadonlyMap<string, string> | null,
  options: LayoutOptions = {},
): HeaderLayout {
  const { maxTensors = MAX_HEADER_TENSORS } = options;
  if (specs.length > maxTensors) throw tooManyTensors('header-too-large', maxTensors);
  for (const spec of specs) checkSpec(spec);
  const order = utf8Order(specs.map(({ name }) => name));
  const ranked = [...specs].sort((a, b) => rankOf(b.dtype) - rankOf(a.dtype) || order(a.name, b.name));
  const tensors = placeTensors(ranked);
  const members = tensors.map((tensor) => `${JSON.stringify(tensor.name)}:${formatEntry(tensor)}`);
  if (metadata !== null) members.unshift(`${JSON.stringify(METADATA_KEY)}:${formatMetadata(metadata)}`);
  const bytes = frame(`{${members.join(',')}}`, options.maxHeaderBytes ?? MAX_HEADER_BYTES);
  const fileSize = bytes.length + (tensors.at(-1)?.end ?? 0);
  return { bytes, tensors, dataStart: bytes.length as FileOffset, fileSize };
}

function checkSpec({ name, dtype, shape, exactShape }: TensorSpec): void {
  assertWellFormed(name);
  if (name === METADATA_KEY) refuse('tensor-name-reserved', `A tensor cannot be named ${METADATA_KEY}`, name);
  if (!isDType(dtype)) refuse('dtype-unknown', `The dtype ${quote(String(dtype))} is not in the format`, name);
  const dims = exactShape ?? shape;
  if (!dims.every(isDim))
    refuse('tensor-entry-invalid', `The shape [${dims.join(',')}] holds a dim that cannot be written`, name);
  if (exactShape !== undefined && !isSameShape(shape, exactShape)) {
    refuse(
      'tensor-entry-invalid',
      `The shape [${shape.join(',')}] is not its exact form [${exactShape.join(',')}]`,
      name,
    );
  }
}

function isDim(dim: number | bigint): boolean {
  return typeof dim === 'bigint' ? dim >= 0n && dim <= MAX_U64 : Number.isSafeInteger(dim) && dim >= 0;
}

function isSameShape(shape: Shape, exact: readonly bigint[]): boolean {
  return shape.length === exact.length && exact.every((dim, axis) => Number(dim) === shape[axis]);
}

function placeTensors(specs: readonly TensorSpec[]): TensorInfo[] {
  const names = new Set<string>();
  let start = 0;
  return specs.map(({ name, dtype, shape, exactShape }) => {
    if (names.has(name)) refuse('header-key-duplicate', 'Two tensors have one name', name);
    names.add(name);
    const end = start + byteCount(name, dtype, shape, exactShape);
    if (!Number.isSafeInteger(end)) refuse('shape-overflow', 'The file would be larger than 2^53 − 1 bytes', name);
    const info = { name, dtype, shape, start: start as DataOffset, end: end as DataOffset };
    start = end;
    return exactShape === undefined ? info : { ...info, exactShape };
  });
}

function byteCount(name: string, dtype: DType, shape: Shape, exactShape: readonly bigint[] | undefined): number {
  const plain = exactShape === undefined ? plainByteCount(dtype, shape) : Number.NaN;
  if (plain >= 0) return plain;
  const dims = exactShape ?? shape.map(BigInt);
  const exact = exactByteCount(dtype, dims);
  return typeof exact === 'bigint' ? Number(exact) : refuse(exact, shapeFault(exact, dtype, dims), name);
}

function formatEntry({ dtype, shape, exactShape, start, end }: TensorInfo): string {
  const dims = (exactShape ?? shape.map(BigInt)).join(',');
  return `{"dtype":"${dtype}","shape":[${dims}],"data_offsets":[${start},${end}]}`;
}

function formatMetadata(metadata: ReadonlyMap<string, string>): string {
  const pairs = [...metadata].sort(([a], [b]) => compareUtf8(a, b));
  const members = pairs.map(([key, value]) => {
    if (typeof key !== 'string' || typeof value !== 'string') {
      throw new LoomError('metadata-invalid', `The metadata value of ${quote(String(key))} is not a string.`);
    }
    assertWellFormed(key);
    assertWellFormed(value);
    return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  });
  return `{${members.join(',')}}`;
}

/** Length field, JSON, and spaces up to a multiple of 8, which the length counts. */
function frame(json: string, maxHeaderBytes: number): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  if (length > maxHeaderBytes) {
    throw new LoomError(
      'header-too-large',
      `The header would have ${length} bytes, above the cap of ${maxHeaderBytes}.`,
    );
  }
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(SPACE);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

function refuse(tag: LoomError['tag'], message: string, tensor: string): never {
  throw new LoomError(tag, `${message} (tensor ${quote(tensor)}).`, { tensor });
}

import { LoomError } from '../errors.ts';
import {
  afterMember,
  createPartReader,
  createWalk,
  type PartReader,
  rootObject,
  TEXT_END,
  type Walk,
} from './json-parts.ts';
import { JsonScanner, OPEN_BRACE, QUOTE, quote, type ScanTags } from './json-scanner.ts';
import { MAX_HEADER_TENSORS, tooManyTensors } from './limits.ts';
import { createEntryHeads, type EntryHeads, readEntry } from './tensor-entry.ts';
import type { FileOffset, Header, TensorInfo } from './types.ts';

export interface HeaderOptions {
  /** What messages call the file. */
  readonly file: string;
  /** Bytes of the whole file: without it coverage cannot be proven. */
  readonly fileSize: number;
  readonly maxHeaderBytes?: number | undefined;
  readonly maxTensors?: number | undefined;
}

/** The reference reader's cap, in decimal; files with more than about a million tensors meet it (issue #668). */
export const MAX_HEADER_BYTES = 100_000_000;

/** Bytes of the length field that starts a file. */
export const LENGTH_BYTES = 8;

/** Writers put a few there. 100 MB could hold millions, which take twelve times that in memory. */
const MAX_METADATA = 100_000;

/** The key that is no tensor. */
export const METADATA_KEY = '__metadata__';

const TAGS: ScanTags = {
  syntax: 'header-json-invalid',
  utf8: 'header-utf8-invalid',
  depth: 'header-depth-exceeded',
  duplicate: 'header-key-duplicate',
  surrogate: 'name-not-well-formed',
};

/**
 * The header length that the first 8 bytes of a file announce, proven to be within the cap and the file.
 *
 * @throws LoomError `header-too-small`, `header-too-large`, `header-length-invalid`.
 * @example
 * ```ts
 * import { layoutHeader, parseHeaderLength } from 'moe-loom/safetensors';
 * const { bytes, fileSize } = layoutHeader([{ name: 'w', dtype: 'F32', shape: [2, 3] }], null);
 * console.log(parseHeaderLength(bytes, { file: 'w.safetensors', fileSize })); // → 64
 * ```
 */
export function parseHeaderLength(first8: Uint8Array, options: HeaderOptions): number {
  const { file, fileSize } = options;
  if (fileSize < LENGTH_BYTES || first8.length < LENGTH_BYTES) {
    const message = `The file has ${Math.min(fileSize, first8.length)} bytes, fewer than the ${LENGTH_BYTES} of the header length`;
    throw new LoomError('header-too-small', `${message} (byte 0 of ${file}).`, { file, byte: 0 });
  }
  const view = new DataView(first8.buffer, first8.byteOffset, LENGTH_BYTES);
  const length = view.getBigUint64(0, true);
  checkLength(length, options);
  return Number(length);
}

/** The cap comes before the fit, as in the reference; compared before it is narrowed, so that nothing wraps. */
function checkLength(length: bigint, options: HeaderOptions): void {
  const { file, fileSize, maxHeaderBytes = MAX_HEADER_BYTES } = options;
  const fields = { file, byte: 0 };
  const where = `(byte 0 of ${file})`;
  if (length > BigInt(maxHeaderBytes)) {
    const message = `The header length ${length} is above the cap of ${maxHeaderBytes} bytes ${where}.`;
    throw new LoomError('header-too-large', message, fields);
  }
  if (length === 0n) throw new LoomError('header-length-invalid', `The header length is 0 ${where}.`, fields);
  if (length + BigInt(LENGTH_BYTES) > BigInt(fileSize)) {
    const message = `The header of ${length} bytes reaches past the file's end at ${fileSize} ${where}.`;
    throw new LoomError('header-length-invalid', message, fields);
  }
}

/**
 * The header whose JSON (the bytes after the length field, padding included) is given, read strictly and proven to cover
 * the file to its last byte.
 *
 * @throws LoomError with the rule's tag, and `file`, `byte` and, where there is one, `tensor`.
 * @example
 * ```ts
 * import { layoutHeader, parseHeader } from 'moe-loom/safetensors';
 * const { bytes, fileSize } = layoutHeader([{ name: 'w', dtype: 'F32', shape: [2, 3] }], null);
 * const header = parseHeader(bytes.subarray(8), { file: 'w.safetensors', fileSize });
 * console.log(header.tensors.get('w').shape); // → [ 2, 3 ]
 * ```
 */
export function parseHeader(json: Uint8Array, options: HeaderOptions): Header {
  const { walk, result } = walkHeader(json.length, options);
  walk.on(new JsonScanner(json, { file: options.file, tags: TAGS, base: LENGTH_BYTES }), true);
  return result();
}

/** As {@link parseHeader}, of a header that comes in parts. */
export interface HeaderReader extends PartReader {
  /** The header, once it has ended. @throws LoomError where its tensors do not cover the file. */
  result(): Header;
}

/** @throws LoomError where a header of this length cannot be. */
export function createHeaderReader(length: number, options: HeaderOptions): HeaderReader {
  const { walk, result } = walkHeader(length, options);
  return { ...createPartReader({ file: options.file, tags: TAGS, base: LENGTH_BYTES }, walk), result };
}

function walkHeader(length: number, options: HeaderOptions): { readonly walk: Walk; readonly result: () => Header } {
  checkLength(BigInt(length), options);
  const { file, maxTensors = MAX_HEADER_TENSORS } = options;
  const tensors = new Map<string, TensorInfo>();
  const heads = createEntryHeads();
  let metadata: Map<string, string> | null = null;
  const readMember = (scanner: JsonScanner) => {
    const at = scanner.pos;
    const name = scanner.readKey();
    if (name === METADATA_KEY) {
      if (metadata !== null) scanner.duplicate(name, at);
      metadata = readMetadata(scanner);
      return;
    }
    if (tensors.size === maxTensors)
      throw tooManyTensors('header-too-large', maxTensors, { file, byte: scanner.base + at });
    readTensor(scanner, name, at, tensors, heads);
  };
  const walk = createWalk('root', {
    root: rootObject(TAGS, 'The header', 'member', 'end'),
    member: {
      depth: 1,
      step: (scanner) => {
        readMember(scanner);
        return 'afterMember';
      },
    },
    afterMember: afterMember(1, 'member', 'end'),
    end: TEXT_END,
  });
  return {
    walk,
    result: () => {
      const dataStart = LENGTH_BYTES + length;
      const ordered = inDataOrder(tensors);
      checkCoverage(ordered, options, dataStart);
      return { headerLength: length, dataStart: dataStart as FileOffset, tensors: ordered, metadata };
    },
  };
}

function readTensor(
  scanner: JsonScanner,
  name: string,
  at: number,
  tensors: Map<string, TensorInfo>,
  heads: EntryHeads,
): void {
  const { size } = tensors;
  const { dims } = heads;
  scanner.tensor = name;
  let entry: TensorInfo;
  try {
    entry = readEntry(scanner, name, heads);
  } catch (error) {
    // An entry that a part ends within is read again.
    heads.dims = dims;
    throw error;
  }
  tensors.set(name, entry);
  if (tensors.size === size) scanner.duplicate(name, at);
  scanner.tensor = undefined;
}

function readMetadata(scanner: JsonScanner): Map<string, string> {
  const metadata = new Map<string, string>();
  if (scanner.peek() !== OPEN_BRACE) scanner.wrongType('metadata-invalid', `${METADATA_KEY} is not an object`);
  for (let more = scanner.openObject(); more; more = scanner.nextMember()) {
    const at = scanner.pos;
    const key = scanner.readKey();
    if (metadata.has(key)) scanner.duplicate(key, at);
    if (scanner.peek() !== QUOTE) {
      scanner.wrongType('metadata-invalid', `The value of ${quote(key)} in ${METADATA_KEY} is not a string`);
    }
    metadata.set(key, scanner.readString());
    if (metadata.size > MAX_METADATA)
      scanner.fail('metadata-invalid', `${METADATA_KEY} has more than ${MAX_METADATA} entries`);
  }
  return metadata;
}

/** Most files list their tensors in data order, and then nothing is sorted. */
function inDataOrder(tensors: ReadonlyMap<string, TensorInfo>): ReadonlyMap<string, TensorInfo> {
  let last: TensorInfo | undefined;
  for (const tensor of tensors.values()) {
    if (last !== undefined && compareRanges(last, tensor) > 0) return sorted(tensors);
    last = tensor;
  }
  return tensors;
}

function sorted(tensors: ReadonlyMap<string, TensorInfo>): ReadonlyMap<string, TensorInfo> {
  const list = [...tensors.values()].sort(compareRanges);
  return new Map(list.map((tensor) => [tensor.name, tensor]));
}

function compareRanges(a: TensorInfo, b: TensorInfo): number {
  return a.start - b.start || a.end - b.end;
}

/** No byte of the data section belongs to no tensor or to two. */
function checkCoverage(tensors: ReadonlyMap<string, TensorInfo>, options: HeaderOptions, dataStart: number): void {
  const { file, fileSize } = options;
  let covered = 0;
  for (const { name, start, end } of tensors.values()) {
    if (start !== covered) {
      const gap =
        start > covered
          ? `${start - covered} unclaimed bytes before it`
          : `${covered - start} bytes that another tensor claims`;
      const byte = dataStart + Math.min(start, covered);
      const message = `The data starts with ${gap} (tensor ${quote(name)}, byte ${byte} of ${file}).`;
      throw new LoomError('offsets-invalid', message, { file, byte, tensor: name });
    }
    covered = end;
  }
  const byte = dataStart + covered;
  if (byte === fileSize) return;
  const state = byte > fileSize ? `ends ${byte - fileSize} bytes before` : `goes on for ${fileSize - byte} bytes after`;
  const message = `The file ${state} the last tensor does (byte ${Math.min(byte, fileSize)} of ${file}).`;
  throw new LoomError('data-incomplete', message, { file, byte: Math.min(byte, fileSize) });
}

import { DTYPES, type DType } from './dtype.ts';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  type JsonScanner,
  MINUS,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  quote,
  ZERO,
} from './json-scanner.ts';
import { exactByteCount, MAX_U64, plainByteCount, shapeFault } from './tensor-size.ts';
import type { DataOffset, TensorInfo } from './types.ts';

const DTYPE = ascii('"dtype"');
const SHAPE = ascii('"shape"');
const DATA_OFFSETS = ascii('"data_offsets"');

/** From the text of a header to the one string that all tensors of a dtype share. */
const DTYPE_OF: ReadonlyMap<string, DType> = new Map(DTYPES.map((dtype) => [dtype, dtype]));

/** Heads that the next entry is compared with; most headers have fewer. */
const RECENT_HEADS = 12;

/** An entry up to its first offset, as it was written and as it was read: `{"dtype":"BF16","shape":[2,3],"data_offsets":[`. */
interface EntryHead {
  readonly text: Uint8Array;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/**
 * Heads of the entries read last. Tensors of one kind begin alike to the letter, so that most entries cost one comparison;
 * and they share one shape, which for half a million of them is 20 MB less.
 */
export interface EntryHeads {
  /** Numbers of shapes and offsets that were read one by one, for the limit on them. */
  dims: number;
  /** Moves past the head at the scanner's position when it is known; null, and nothing read, otherwise. */
  skip(scanner: JsonScanner): EntryHead | null;
  add(head: EntryHead): void;
}

export function createEntryHeads(): EntryHeads {
  const heads: EntryHead[] = [];
  let last: EntryHead | undefined;
  let next = 0;
  return {
    dims: 0,
    skip: (scanner) => {
      if (last !== undefined && scanner.skipBytes(last.text)) return last;
      for (const head of heads) {
        if (head === last || !scanner.skipBytes(head.text)) continue;
        last = head;
        return head;
      }
      return null;
    },
    add: (head) => {
      heads[next] = head;
      last = head;
      next = (next + 1) % RECENT_HEADS;
    },
  };
}

/** Reads the tensor entry at the scanner's position and proves it by itself: types, dtype, size. */
export function readEntry(scanner: JsonScanner, name: string, heads: EntryHeads): TensorInfo {
  const start = scanner.pos;
  const usual = readUsualEntry(scanner, name, heads);
  if (usual !== null) return usual;
  scanner.pos = start;
  return readAnyEntry(scanner, name, heads);
}

/**
 * An entry with the fields in the one order that writers use, `{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}`, if
 * it is also right in every respect. Null means: read it again by {@link readAnyEntry}, which knows what is wrong.
 */
function readUsualEntry(scanner: JsonScanner, name: string, heads: EntryHeads): TensorInfo | null {
  const known = heads.skip(scanner);
  const head = known ?? readHead(scanner, heads);
  if (head === null) return null;
  const start = readPlain(scanner);
  if (start < 0 || !skipByte(scanner, COMMA)) return null;
  const end = readPlain(scanner);
  if (end < start || !skipByte(scanner, CLOSE_BRACKET) || !skipByte(scanner, CLOSE_BRACE)) return null;
  if (head.bytes !== end - start) return null;
  if (known === null) heads.add(head);
  return { name, dtype: head.dtype, shape: head.shape, start: start as DataOffset, end: end as DataOffset };
}

function readHead(scanner: JsonScanner, heads: EntryHeads): EntryHead | null {
  const { pos } = scanner;
  if (!skipByte(scanner, OPEN_BRACE) || !skipField(scanner, DTYPE)) return null;
  if (scanner.peek() !== QUOTE) return null;
  const dtype = DTYPE_OF.get(scanner.readString());
  if (dtype === undefined || !skipByte(scanner, COMMA) || !skipField(scanner, SHAPE)) return null;
  const shape = readPlainShape(scanner, heads);
  if (shape === null || !skipByte(scanner, COMMA) || !skipField(scanner, DATA_OFFSETS)) return null;
  if (!skipByte(scanner, OPEN_BRACKET)) return null;
  return { text: scanner.bytesFrom(pos), dtype, shape, bytes: plainByteCount(dtype, shape) };
}

function skipByte(scanner: JsonScanner, byte: number): boolean {
  if (scanner.peek() !== byte) return false;
  scanner.pos++;
  return true;
}

/** Moves past a key, spelled without escapes, and its colon. */
function skipField(scanner: JsonScanner, key: Uint8Array): boolean {
  scanner.peek();
  return scanner.skipBytes(key) && skipByte(scanner, COLON);
}

function readPlain(scanner: JsonScanner): number {
  scanner.peek();
  return scanner.readPlainInteger();
}

function readPlainShape(scanner: JsonScanner, heads: EntryHeads): number[] | null {
  if (!skipByte(scanner, OPEN_BRACKET)) return null;
  const values: number[] = [];
  if (skipByte(scanner, CLOSE_BRACKET)) return values;
  for (;;) {
    const value = readPlain(scanner);
    if (value < 0) return null;
    values.push(value);
    if (++heads.dims > MAX_DIMS) return null;
    if (skipByte(scanner, CLOSE_BRACKET)) return values;
    if (!skipByte(scanner, COMMA)) return null;
  }
}

/** The parts of an entry as they are found. */
interface Draft {
  dtype?: DType;
  shape?: readonly (number | bigint)[];
  offsets?: readonly (number | bigint)[];
  /** Keys that the format does not know, made when there is one. */
  others?: Set<string>;
}

const TAG = 'tensor-entry-invalid';
/** Keys are kept to tell when one repeats; writers add a few at most. */
const MAX_UNKNOWN_KEYS = 1000;
/** Of all shapes of a header together. A million tensors have about three million; 100 MB could hold fifty million. */
const MAX_DIMS = 4_000_000;

function readAnyEntry(scanner: JsonScanner, name: string, heads: EntryHeads): TensorInfo {
  const at = scanner.pos;
  if (scanner.peek() !== OPEN_BRACE) scanner.wrongType(TAG, 'A tensor entry is not an object');
  const draft: Draft = {};
  for (let more = scanner.openObject(); more; more = scanner.nextMember()) {
    const keyAt = scanner.pos;
    const key = scanner.readKey();
    if (isRead(draft, key)) scanner.duplicate(key, keyAt);
    readField(scanner, key, draft, heads);
  }
  return checkEntry(scanner, name, draft, at);
}

function isRead(draft: Draft, key: string): boolean {
  if (key === 'dtype') return draft.dtype !== undefined;
  if (key === 'shape') return draft.shape !== undefined;
  if (key === 'data_offsets') return draft.offsets !== undefined;
  return draft.others?.has(key) ?? false;
}

function readField(scanner: JsonScanner, key: string, draft: Draft, heads: EntryHeads): void {
  if (key === 'dtype') draft.dtype = readDType(scanner);
  else if (key === 'shape') draft.shape = readIntegers(scanner, 'shape', heads);
  else if (key === 'data_offsets') draft.offsets = readOffsets(scanner, heads);
  else {
    draft.others ??= new Set();
    draft.others.add(key);
    if (draft.others.size > MAX_UNKNOWN_KEYS)
      scanner.fail(TAG, `A tensor entry has more than ${MAX_UNKNOWN_KEYS} keys that the format does not know`);
    scanner.skipValue();
  }
}

function readDType(scanner: JsonScanner): DType {
  const at = scanner.pos;
  if (scanner.peek() !== QUOTE) scanner.wrongType(TAG, 'dtype is not a string');
  const text = scanner.readString();
  return DTYPE_OF.get(text) ?? scanner.fail('dtype-unknown', `The dtype ${quote(text)} is not in the format`, at);
}

function readOffsets(scanner: JsonScanner, heads: EntryHeads): readonly (number | bigint)[] {
  const at = scanner.pos;
  const offsets = readIntegers(scanner, 'data_offsets', heads);
  if (offsets.length !== 2) scanner.fail(TAG, `data_offsets has ${offsets.length} numbers instead of 2`, at);
  return offsets;
}

function readIntegers(scanner: JsonScanner, field: string, heads: EntryHeads): (number | bigint)[] {
  if (scanner.peek() !== OPEN_BRACKET) scanner.wrongType(TAG, `${field} is not an array`);
  const values: (number | bigint)[] = [];
  for (let more = scanner.openArray(); more; more = scanner.nextItem()) {
    if (++heads.dims > MAX_DIMS) scanner.fail(TAG, `The shapes of the header have more than ${MAX_DIMS} numbers`);
    values.push(readInteger(scanner, field));
  }
  return values;
}

/** An integer of 0 to 2^64 − 1 by its spelling: digits alone, so neither `1.0` nor `1e0` nor `-0`. */
function readInteger(scanner: JsonScanner, field: string): number | bigint {
  const plain = scanner.readPlainInteger();
  if (plain >= 0) return plain;
  const at = scanner.pos;
  const byte = scanner.peek();
  if (byte !== MINUS && (byte < ZERO || byte > NINE))
    scanner.wrongType(TAG, `${field} holds a value that is not an integer`);
  const token = scanner.readNumber();
  if (!/^\d+$/.test(token)) scanner.fail(TAG, `${field} holds ${quote(token)}, which is not written as an integer`, at);
  const value = Number(token);
  if (Number.isSafeInteger(value)) return value;
  // The longest integer of 64 bits has 20 digits; BigInt takes long for millions.
  if (token.length > 20 || BigInt(token) > MAX_U64)
    scanner.fail(TAG, `${field} holds ${quote(token)}, which is above 2^64 − 1`, at);
  return BigInt(token);
}

function checkEntry(scanner: JsonScanner, name: string, draft: Draft, at: number): TensorInfo {
  const { dtype, shape, offsets } = draft;
  if (dtype === undefined) return scanner.fail(TAG, 'A tensor entry has no dtype', at);
  if (shape === undefined) return scanner.fail(TAG, 'A tensor entry has no shape', at);
  if (offsets === undefined) return scanner.fail(TAG, 'A tensor entry has no data_offsets', at);
  const [start = 0, end = 0] = offsets;
  if (!isPlain(shape) || plainByteCount(dtype, shape) !== Number(end) - Number(start)) {
    checkExactly(scanner, dtype, shape.map(BigInt), start, end, at);
  }
  if (typeof start === 'bigint' || typeof end === 'bigint') {
    return scanner.fail('data-incomplete', `data_offsets reach to ${end}, beyond any file`, at);
  }
  const place = { start: start as DataOffset, end: end as DataOffset };
  if (isPlain(shape)) return { name, dtype, shape, ...place };
  return { name, dtype, shape: shape.map(Number), ...place, exactShape: shape.map(BigInt) };
}

function isPlain(dims: readonly (number | bigint)[]): dims is readonly number[] {
  return dims.every((dim) => typeof dim === 'number');
}

/** The size rules in integers of any size, in the order in which a person would want to hear of them. */
function checkExactly(
  scanner: JsonScanner,
  dtype: DType,
  dims: readonly bigint[],
  start: number | bigint,
  end: number | bigint,
  at: number,
): void {
  const bytes = exactByteCount(dtype, dims);
  if (typeof bytes === 'string') scanner.fail(bytes, shapeFault(bytes, dtype, dims), at);
  if (end < start) scanner.fail('offsets-invalid', `data_offsets run backwards, from ${start} to ${end}`, at);
  const room = BigInt(end) - BigInt(start);
  if (bytes === room) return;
  const what = `${dtype} [${dims.join(',')}] has ${bytes} bytes, its data_offsets leave ${room}`;
  scanner.fail('tensor-size-mismatch', what, at);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

import { DTYPES, type DType } from './dtype.ts';
import {
  CLOSE_BRACKET,
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

const AFTER_KEY = ascii('{"dtype":');
const AFTER_DTYPE = ascii(',"shape":[');
const AFTER_SHAPE = ascii(',"data_offsets":[');
const AFTER_OFFSETS = ascii(']}');

/** Digits that are exact in a double whatever they are. */
const PLAIN_DIGITS = 15;

/** From the text of a header to the one string that all tensors of a dtype share. */
const DTYPE_OF: ReadonlyMap<string, DType> = new Map(DTYPES.map((dtype) => [dtype, dtype]));

/** Reads the tensor entry at the scanner's position and proves it by itself: types, dtype, size. */
export function readEntry(scanner: JsonScanner, name: string): TensorInfo {
  const start = scanner.pos;
  const compact = readCompactEntry(scanner, name);
  if (compact !== null) return compact;
  scanner.pos = start;
  return readAnyEntry(scanner, name);
}

/**
 * An entry in the one spelling that writers use, `{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}`, if it is also
 * right in every respect. Null means: read it again by {@link readAnyEntry}, which knows what is wrong.
 */
function readCompactEntry(scanner: JsonScanner, name: string): TensorInfo | null {
  if (!skip(scanner, AFTER_KEY)) return null;
  if (scanner.bytes[scanner.pos] !== QUOTE) return null;
  const dtype = DTYPE_OF.get(scanner.readString());
  if (dtype === undefined || !skip(scanner, AFTER_DTYPE)) return null;
  const shape = readPlainShape(scanner);
  if (shape === null || !skip(scanner, AFTER_SHAPE)) return null;
  const start = readPlainInteger(scanner);
  if (start < 0 || scanner.bytes[scanner.pos++] !== COMMA) return null;
  const end = readPlainInteger(scanner);
  if (end < start || !skip(scanner, AFTER_OFFSETS)) return null;
  if (plainByteCount(dtype, shape) !== end - start) return null;
  return { name, dtype, shape, start: start as DataOffset, end: end as DataOffset };
}

function skip(scanner: JsonScanner, literal: Uint8Array): boolean {
  const { bytes, pos } = scanner;
  const { length } = literal;
  for (let i = 0; i < length; i++) if (bytes[pos + i] !== literal[i]) return false;
  scanner.pos = pos + length;
  return true;
}

/** Dims up to and with the closing bracket, the opening one being read. */
function readPlainShape(scanner: JsonScanner): number[] | null {
  const { bytes } = scanner;
  const shape: number[] = [];
  if (bytes[scanner.pos] === CLOSE_BRACKET) {
    scanner.pos++;
    return shape;
  }
  for (;;) {
    const dim = readPlainInteger(scanner);
    if (dim < 0) return null;
    shape.push(dim);
    const byte = bytes[scanner.pos++];
    if (byte === CLOSE_BRACKET) return shape;
    if (byte !== COMMA) return null;
  }
}

/** An integer of at most 15 digits, spelled as JSON allows; −1 for anything else. */
function readPlainInteger(scanner: JsonScanner): number {
  const { bytes, pos } = scanner;
  let at = pos;
  let value = 0;
  for (;;) {
    const byte = bytes[at];
    if (byte === undefined || byte < ZERO || byte > NINE) break;
    value = value * 10 + (byte - ZERO);
    at++;
  }
  const digits = at - pos;
  if (digits === 0 || digits > PLAIN_DIGITS || (digits > 1 && bytes[pos] === ZERO)) return -1;
  scanner.pos = at;
  return value;
}

/** The parts of an entry as they are found; `at` remembers where, for messages. */
interface Draft {
  dtype?: DType;
  shape?: readonly (number | bigint)[];
  offsets?: readonly (number | bigint)[];
}

const FIELDS = ['dtype', 'shape', 'data_offsets'] as const;
const TAG = 'tensor-entry-invalid';

function readAnyEntry(scanner: JsonScanner, name: string): TensorInfo {
  const at = scanner.pos;
  if (scanner.peek() !== OPEN_BRACE) scanner.fail(TAG, 'A tensor entry is not an object');
  const draft: Draft = {};
  const seen = new Set<string>();
  for (let more = scanner.openObject(); more; more = scanner.nextMember()) {
    const keyAt = scanner.pos;
    const key = scanner.readKey();
    if (seen.has(key)) scanner.duplicate(key, keyAt);
    seen.add(key);
    readField(scanner, key, draft);
  }
  for (const field of FIELDS) if (!seen.has(field)) scanner.fail(TAG, `A tensor entry has no ${field}`, at);
  return checkEntry(scanner, name, draft, at);
}

function readField(scanner: JsonScanner, key: string, draft: Draft): void {
  if (key === 'dtype') draft.dtype = readDType(scanner);
  else if (key === 'shape') draft.shape = readIntegers(scanner, 'shape');
  else if (key === 'data_offsets') draft.offsets = readOffsets(scanner);
  else scanner.readValue();
}

function readDType(scanner: JsonScanner): DType {
  const at = scanner.pos;
  if (scanner.peek() !== QUOTE) scanner.fail(TAG, 'dtype is not a string');
  const text = scanner.readString();
  return DTYPE_OF.get(text) ?? scanner.fail('dtype-unknown', `The dtype ${quote(text)} is not in the format`, at);
}

function readOffsets(scanner: JsonScanner): readonly (number | bigint)[] {
  const at = scanner.pos;
  const offsets = readIntegers(scanner, 'data_offsets');
  if (offsets.length !== 2) scanner.fail(TAG, `data_offsets has ${offsets.length} numbers instead of 2`, at);
  return offsets;
}

function readIntegers(scanner: JsonScanner, field: string): (number | bigint)[] {
  if (scanner.peek() !== OPEN_BRACKET) scanner.fail(TAG, `${field} is not an array`);
  const values: (number | bigint)[] = [];
  for (let more = scanner.openArray(); more; more = scanner.nextItem()) values.push(readInteger(scanner, field));
  return values;
}

/** An integer of 0 to 2^64 − 1 by its spelling: digits alone, so neither `1.0` nor `1e0` nor `-0`. */
function readInteger(scanner: JsonScanner, field: string): number | bigint {
  const at = scanner.pos;
  const byte = scanner.peek();
  if (byte !== MINUS && (byte < ZERO || byte > NINE)) scanner.fail(TAG, `${field} holds something else than integers`);
  const token = scanner.readNumber();
  if (!/^\d+$/.test(token)) scanner.fail(TAG, `${field} holds ${quote(token)}, which is not written as an integer`, at);
  const value = Number(token);
  if (Number.isSafeInteger(value)) return value;
  if (BigInt(token) > MAX_U64) scanner.fail(TAG, `${field} holds ${quote(token)}, which is above 2^64 − 1`, at);
  return BigInt(token);
}

function checkEntry(scanner: JsonScanner, name: string, draft: Draft, at: number): TensorInfo {
  const { dtype, shape, offsets = [] } = draft;
  const [start = 0, end = 0] = offsets;
  if (dtype === undefined || shape === undefined) return scanner.fail('internal', 'An entry was left unread', at);
  const dims = shape.map(BigInt);
  const bytes = exactByteCount(dtype, dims);
  if (typeof bytes === 'string') return scanner.fail(bytes, shapeFault(bytes, dtype, dims), at);
  if (end < start) scanner.fail('offsets-invalid', `data_offsets run backwards, from ${start} to ${end}`, at);
  const room = BigInt(end) - BigInt(start);
  if (bytes !== room) {
    const what = `${dtype} [${dims.join(',')}] has ${bytes} bytes, its data_offsets leave ${room}`;
    scanner.fail('tensor-size-mismatch', what, at);
  }
  if (typeof start === 'bigint' || typeof end === 'bigint') {
    return scanner.fail('data-incomplete', `data_offsets reach to ${end}, beyond any file`, at);
  }
  const info = { name, dtype, shape: shape.map(Number), start: start as DataOffset, end: end as DataOffset };
  return shape.every((dim) => typeof dim === 'number') ? info : { ...info, exactShape: dims };
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

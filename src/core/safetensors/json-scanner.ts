import { jsonString } from '../embed/json.ts';
import { type ErrorTag, LoomError } from '../errors.ts';
import {
  BACKSLASH,
  ESCAPED,
  hexAt,
  isNumberByte,
  isWordByte,
  LOWER_E,
  LOWER_U,
  POINT,
  UPPER_E,
  unescaped,
} from './json-string.ts';
import { asciiText, decodeValid, findInvalidUtf8, hasByteOrderMark, isUtf8, MAX_TEXT_BYTES } from './utf8.ts';

/** Which tag each kind of fault gets: a header has one for each, other files have one for all. */
export interface ScanTags {
  readonly syntax: ErrorTag;
  readonly utf8: ErrorTag;
  readonly depth: ErrorTag;
  readonly duplicate: ErrorTag;
  readonly surrogate: ErrorTag;
}

export interface ScanOptions {
  readonly file: string;
  readonly tags: ScanTags;
  /** Where the JSON starts in the file. */
  readonly base?: number | undefined;
  /** Levels that are open where the bytes start: they go on a text that was read before. */
  readonly depth?: number | undefined;
}

/** The reference reader's limit (serde_json stops at the 128th level); also keeps our own stack small. */
export const MAX_DEPTH = 127;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const ZERO = 0x30;
export const NINE = 0x39;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const COLON = 0x3a;
export const MINUS = 0x2d;

const KEYS_COMPARED = 1000;
const PLAIN_DIGITS = 15;
/** No double needs as many; 100 MB of them would stand in memory as a text. */
const MAX_NUMBER = 10_000;
/** No fault is judged by bytes farther than this from the position: two escapes of six, rounded up. */
const FARTHEST_LOOK = 16;

const WORDS = [true, false, null].map((value) => [new TextEncoder().encode(String(value)), value] as const);
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/;
const SHOWN_NAME = 120;

/** A text as it may stand in a message: quoted, what would hide in it escaped, and cut when it is long. */
export function quote(text: string): string {
  return jsonString(text.length > SHOWN_NAME ? `${text.slice(0, SHOWN_NAME)}…` : text);
}

/**
 * A cursor over strict JSON: RFC 8259 in strict UTF-8, no byte order mark, no lone surrogates, no number beyond a
 * double, at most {@link MAX_DEPTH} levels. Callers walk objects and arrays and say what they expect; every fault
 * is thrown with its absolute byte.
 */
export class JsonScanner {
  readonly bytes: Uint8Array;
  pos = 0;
  /** The tensor being read, for messages. */
  tensor: string | undefined;
  private readonly options: ScanOptions;
  private depth: number;

  constructor(bytes: Uint8Array, options: ScanOptions) {
    this.bytes = bytes;
    this.options = options;
    this.depth = options.depth ?? 0;
    if (options.depth === undefined && hasByteOrderMark(bytes))
      this.fail(options.tags.utf8, 'The JSON starts with a byte order mark', 0);
    if (bytes.length > MAX_TEXT_BYTES) this.syntax(`${bytes.length} bytes of JSON are too many to read`, 0);
    if (!isUtf8(bytes)) this.fail(options.tags.utf8, 'Not UTF-8', findInvalidUtf8(bytes));
  }

  /** Where the first of the bytes stands in the file. */
  get base(): number {
    return this.options.base ?? 0;
  }

  /** True where a fault that was met does not depend on bytes behind these: all that it is judged by lies before. */
  get isDecided(): boolean {
    return this.pos + FARTHEST_LOOK <= this.bytes.length;
  }

  /** @throws LoomError always; `at` is a position in the scanned bytes. */
  fail(tag: ErrorTag, message: string, at = this.pos): never {
    const { file } = this.options;
    const byte = this.base + Math.max(0, at);
    const where = this.tensor === undefined ? '' : `tensor ${quote(this.tensor)}, `;
    const fields = this.tensor === undefined ? { file, byte } : { file, byte, tensor: this.tensor };
    throw new LoomError(tag, `${message} (${where}byte ${byte} of ${file}).`, fields);
  }

  syntax(message: string, at = this.pos): never {
    return this.fail(this.options.tags.syntax, message, at);
  }

  duplicate(key: string, at: number): never {
    return this.fail(this.options.tags.duplicate, `The key ${quote(key)} appears twice in one object`, at);
  }

  /** Refuses the value at the position: as no JSON if it is none, else as JSON of the wrong type. */
  wrongType(tag: ErrorTag, message: string): never {
    const at = this.pos;
    this.skipValue();
    return this.fail(tag, message, at);
  }

  /** Moves past whitespace and gives the byte there; −1 at the end. */
  peek(): number {
    const byte = this.bytes[this.pos] ?? -1;
    return byte > 0x20 ? byte : this.peekPastSpace();
  }

  private peekPastSpace(): number {
    const { bytes } = this;
    let at = this.pos;
    let byte = bytes[at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at];
    this.pos = at;
    return byte ?? -1;
  }

  /** Opens an object; false when it has no members. Then `readKey`, the value, `nextMember`, in turn. */
  openObject(): boolean {
    return this.open(CLOSE_BRACE);
  }

  openArray(): boolean {
    return this.open(CLOSE_BRACKET);
  }

  nextMember(): boolean {
    return this.next(CLOSE_BRACE);
  }

  nextItem(): boolean {
    return this.next(CLOSE_BRACKET);
  }

  /** Reads a member's key and colon; the position is then the value's first byte. */
  readKey(): string {
    if (this.peek() !== QUOTE) this.syntax('Expected a key in double quotes');
    const key = this.readString();
    this.passColon();
    return key;
  }

  private passColon(): void {
    if (this.peek() !== COLON) this.syntax('Expected a colon after the key');
    this.pos++;
    this.peek();
  }

  /** Reads the string whose opening quote is at the position, unescaped. */
  readString(): string {
    const { bytes } = this;
    const start = this.pos + 1;
    let at = start;
    let byte = bytes[at];
    while (byte !== undefined && byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH)
      byte = bytes[++at];
    if (byte !== QUOTE) return this.readHardString(start, at);
    this.pos = at + 1;
    return asciiText(bytes, start, at);
  }

  /** The bytes from a position that was passed up to this one, in memory of their own. */
  bytesFrom(start: number): Uint8Array {
    return this.bytes.slice(start, this.pos);
  }

  /** Moves past these bytes when they stand at the position. */
  skipBytes(expected: Uint8Array): boolean {
    const { bytes, pos } = this;
    const { length } = expected;
    for (let i = 0; i < length; i++) if (bytes[pos + i] !== expected[i]) return false;
    this.pos = pos + length;
    return true;
  }

  /**
   * The integer at the position if it has at most 15 digits, which are exact in a double whatever they are; −1, and
   * nothing read, for any other number or value.
   */
  readPlainInteger(): number {
    const { bytes, pos } = this;
    let at = pos;
    let value = 0;
    let byte = bytes[at];
    while (byte !== undefined && byte >= ZERO && byte <= NINE) {
      value = value * 10 + (byte - ZERO);
      byte = bytes[++at];
    }
    const digits = at - pos;
    if (digits === 0 || digits > PLAIN_DIGITS || (digits > 1 && bytes[pos] === ZERO)) return -1;
    if (byte === POINT || byte === UPPER_E || byte === LOWER_E) return -1;
    this.pos = at;
    return value;
  }

  /** The text of the number token at the position, which is within a double's range. */
  readNumber(): string {
    const token = NUMBER.exec(this.numberCharacters())?.[0];
    if (token === undefined) return this.syntax('Expected a JSON value');
    const start = this.pos;
    this.pos += token.length;
    if (isWordByte(this.bytes[this.pos] ?? COMMA)) this.syntax('Not a JSON number', start);
    if (!Number.isFinite(Number(token))) this.syntax('A number is beyond the range of a double', start);
    return token;
  }

  /** All that could belong to a number at the position. */
  private numberCharacters(): string {
    const { bytes, pos } = this;
    let at = pos;
    while (isNumberByte(bytes[at] ?? 0))
      if (++at - pos > MAX_NUMBER) this.syntax(`A number has more than ${MAX_NUMBER} characters`);
    return decodeValid(bytes.subarray(pos, at));
  }

  /**
   * Moves past any value and builds nothing of it. The JSON must be right; that no key repeats is seen to for the first
   * {@link KEYS_COMPARED} of an object alone, so that memory stays small.
   */
  skipValue(): void {
    const byte = this.peek();
    if (byte === QUOTE) this.skipString();
    else if (byte === OPEN_BRACE) this.skipObject();
    else if (byte === OPEN_BRACKET) for (let more = this.openArray(); more; more = this.nextItem()) this.skipValue();
    else this.readValue();
  }

  private skipObject(): void {
    const keys = new Set<string>();
    for (let more = this.openObject(); more; more = this.nextMember()) {
      const at = this.pos;
      if (keys.size < KEYS_COMPARED || this.peek() !== QUOTE) {
        const key = this.readKey();
        if (keys.has(key)) this.duplicate(key, at);
        keys.add(key);
      } else {
        this.skipString();
        this.passColon();
      }
      this.skipValue();
    }
  }

  /** Any value: objects come without a prototype, numbers as doubles. */
  readValue(): unknown {
    const byte = this.peek();
    if (byte === QUOTE) return this.readString();
    if (byte === OPEN_BRACE) return this.readObject();
    if (byte === OPEN_BRACKET) return this.readArray();
    if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return Number(this.readNumber());
    if (byte === -1) return this.syntax('The JSON ends where a value is expected');
    return this.readWord();
  }

  /** @throws LoomError unless nothing but whitespace follows. */
  expectEnd(): void {
    if (this.peek() !== -1) this.syntax('There is text after the end of the JSON value');
  }

  private readObject(): Record<string, unknown> {
    const value: Record<string, unknown> = Object.create(null);
    for (let more = this.openObject(); more; more = this.nextMember()) {
      const at = this.pos;
      const key = this.readKey();
      if (key in value) this.duplicate(key, at);
      value[key] = this.readValue();
    }
    return value;
  }

  private readArray(): unknown[] {
    const items: unknown[] = [];
    for (let more = this.openArray(); more; more = this.nextItem()) items.push(this.readValue());
    return items;
  }

  private readWord(): boolean | null {
    for (const [word, value] of WORDS) {
      const at = this.pos;
      if (!this.skipBytes(word)) continue;
      if (!isWordByte(this.bytes[this.pos] ?? COMMA)) return value;
      this.pos = at;
      break;
    }
    return this.syntax('Expected a JSON value');
  }

  private open(close: number): boolean {
    if (++this.depth > MAX_DEPTH) {
      this.fail(this.options.tags.depth, `JSON is nested deeper than ${MAX_DEPTH} levels`);
    }
    this.pos++;
    if (this.peek() !== close) return true;
    this.close();
    return false;
  }

  private next(close: number): boolean {
    const byte = this.peek();
    if (byte === COMMA) {
      this.pos++;
      if (this.peek() === close) this.syntax('There is a comma before the closing bracket');
      return true;
    }
    if (byte !== close)
      this.syntax(byte === -1 ? 'The JSON ends inside a value' : 'Expected a comma or a closing bracket');
    this.close();
    return false;
  }

  private close(): void {
    this.pos++;
    this.depth--;
  }

  /** A string with escapes or characters beyond ASCII: plain up to `at`. One buffer takes it, however many escapes it has. */
  private readHardString(start: number, at: number): string {
    const hasEscapes = this.passString(start, at);
    const inner = this.bytes.subarray(start, this.pos - 1);
    return hasEscapes ? decodeValid(unescaped(inner)) : decodeValid(inner);
  }

  private skipString(): void {
    this.passString(this.pos + 1, this.pos + 1);
  }

  /** Moves past the string from `start`, of which all up to `at` is plain, and says whether it has escapes. */
  private passString(start: number, at: number): boolean {
    const { bytes } = this;
    let hasEscapes = false;
    let here = at;
    for (;;) {
      const byte = bytes[here];
      if (byte === undefined) {
        this.pos = here;
        this.syntax('A string is not closed', start - 1);
      }
      if (byte < 0x20) this.syntax('A string has a control character without an escape', here);
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        hasEscapes = true;
        this.pos = here;
        this.passEscape();
        here = this.pos;
      } else here++;
    }
    this.pos = here + 1;
    return hasEscapes;
  }

  private passEscape(): void {
    const kind = this.bytes[this.pos + 1] ?? -1;
    if (kind !== LOWER_U) {
      if (!ESCAPED.has(kind)) this.syntax('A backslash starts no JSON escape');
      this.pos += 2;
      return;
    }
    const start = this.pos;
    const unit = this.passUnit();
    if (unit < 0xd800 || unit > 0xdfff) return;
    if (unit < 0xdc00 && this.bytes[this.pos] === BACKSLASH && this.bytes[this.pos + 1] === LOWER_U) {
      const low = this.passUnit();
      if (low >= 0xdc00 && low <= 0xdfff) return;
    }
    this.fail(this.options.tags.surrogate, 'A string holds a lone surrogate', start);
  }

  private passUnit(): number {
    const unit = hexAt(this.bytes, this.pos + 2);
    if (unit < 0) this.syntax('\\u is not followed by four hexadecimal digits');
    this.pos += 6;
    return unit;
  }
}

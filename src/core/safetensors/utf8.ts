import { LoomError } from '../errors.ts';

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true });

const SURROGATE = /[\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Engines refuse strings of about 2^29 units; nothing this long is a header, an index or a configuration. */
export const MAX_TEXT_BYTES = 500_000_000;

/** Parts in which bytes are looked at: no text of the whole is made. */
const PART_BYTES = 1 << 20;

/** True for strict UTF-8. Of ASCII, which nearly all headers are, no text is made that would wait for a collection. */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    for (let at = asciiLength(bytes); at < bytes.length; ) {
      const part = bytes.subarray(at, at + PART_BYTES);
      const whole = at + part.length === bytes.length ? part : withoutCutCharacter(part);
      STRICT.decode(whole);
      at += whole.length;
    }
    return true;
  } catch {
    return false;
  }
}

const HIGH_BITS = 0x80808080;

/** How many bytes are ASCII before the first that is not, four at a time. */
function asciiLength(bytes: Uint8Array): number {
  const { buffer, byteOffset, length } = bytes;
  let at = 0;
  for (; at < length && (byteOffset + at) % 4 !== 0; at++) if ((bytes[at] ?? 0) >= 0x80) return at;
  const words = new Int32Array(buffer, byteOffset + at, (length - at) >> 2);
  let word = 0;
  while (word < words.length && ((words[word] ?? 0) & HIGH_BITS) === 0) word++;
  at += 4 * word;
  while (at < length && (bytes[at] ?? 0) < 0x80) at++;
  return at;
}

/** Without the last bytes where they begin a character of which more may come. */
export function withoutCutCharacter(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const whole = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return whole > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}

const ENCODER = new TextEncoder();

/** The text in memory of its own: engines let a part of a text hold all of it. */
export function detached(text: string): string {
  return decodeValid(ENCODER.encode(text));
}

/** Text of bytes that are known to be UTF-8; a byte order mark stays in it. */
export function decodeValid(bytes: Uint8Array): string {
  return LENIENT.decode(bytes);
}

/** Longer texts are decoded: engines limit how many arguments a call takes. */
const MAX_CODES = 512;
const codes: number[] = [];

/**
 * Text of ASCII bytes from `start` to `end` (excluded).
 *
 * Browsers keep what a `TextDecoder` gives outside of the script's memory, with three records for each string: for a name of
 * 60 letters more than twice the bytes of the same string made of character codes.
 */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > MAX_CODES) return decodeValid(bytes.subarray(start, end));
  codes.length = length;
  for (let at = 0; at < length; at++) codes[at] = bytes[start + at] ?? 0;
  return String.fromCharCode.apply(null, codes);
}

/** True when the bytes start with the UTF-8 byte order mark. */
export function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** Where the first sequence starts that is not UTF-8 by the Unicode standard (table 3-7); −1 when there is none. */
export function findInvalidUtf8(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return -1;
}

function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (!isBetween(bytes[at + 1], low, high)) return 0;
  for (let i = 2; i < length; i++) if (!isBetween(bytes[at + i], 0x80, 0xbf)) return 0;
  return length;
}

function isBetween(byte: number | undefined, low: number, high: number): boolean {
  return byte !== undefined && byte >= low && byte <= high;
}

/** Order of the UTF-8 bytes, which for characters beyond U+FFFF is not the order of JavaScript's `<`. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const unitA = a.charCodeAt(i);
    const unitB = b.charCodeAt(i);
    if (unitA !== unitB) return weight(unitA) - weight(unitB);
  }
  return a.length - b.length;
}

/** The order of {@link compareUtf8} for these texts, by the engine's own comparison when that gives the same. */
export function utf8Order(texts: Iterable<string>): (a: string, b: string) => number {
  for (const text of texts) if (SURROGATE.test(text)) return compareUtf8;
  return (a, b) => (a < b ? -1 : a > b ? 1 : 0);
}

/** Lifts surrogates above U+FFFF, where the characters they spell belong. */
function weight(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** @throws LoomError `name-not-well-formed` for a text that UTF-8 cannot hold. */
export function assertWellFormed(text: string): void {
  if (!LONE_SURROGATE.test(text)) return;
  throw new LoomError(
    'name-not-well-formed',
    `${JSON.stringify(text)} holds a lone surrogate, which no reader accepts.`,
  );
}

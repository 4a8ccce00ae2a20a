export const BACKSLASH = 0x5c;
export const LOWER_U = 0x75;
export const POINT = 0x2e;
export const UPPER_E = 0x45;
export const LOWER_E = 0x65;
const PLUS = 0x2b;
const MINUS = 0x2d;
const UNDERSCORE = 0x5f;

/** From the byte after a backslash to the byte that it represents. */
export const ESCAPED: ReadonlyMap<number, number> = new Map([
  [0x22, 0x22],
  [BACKSLASH, BACKSLASH],
  [0x2f, 0x2f],
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);

/** Four hexadecimal digits as a number; −1 where they are not there. */
export function hexAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const digit = hexDigit(bytes[i] ?? 0);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/**
 * UTF-8 of what stands in a JSON string that was found right, in one buffer: no escape is longer as a character than as it
 * is written.
 */
export function unescaped(inner: Uint8Array): Uint8Array {
  const out = new Uint8Array(inner.length);
  let length = 0;
  let at = 0;
  while (at < inner.length) {
    const byte = inner[at] ?? 0;
    if (byte !== BACKSLASH) {
      out[length++] = byte;
      at++;
    } else if (inner[at + 1] !== LOWER_U) {
      out[length++] = ESCAPED.get(inner[at + 1] ?? 0) ?? 0;
      at += 2;
    } else {
      const unit = hexAt(inner, at + 2);
      const isPair = unit >= 0xd800 && unit < 0xdc00;
      const point = isPair ? 0x10000 + ((unit - 0xd800) << 10) + (hexAt(inner, at + 8) - 0xdc00) : unit;
      length = putCharacter(out, length, point);
      at += isPair ? 12 : 6;
    }
  }
  return out.subarray(0, length);
}

/** Writes a character as UTF-8 and gives the position after it. */
function putCharacter(out: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    out[at] = point;
    return at + 1;
  }
  const more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  out[at] = ([0, 0xc0, 0xe0, 0xf0][more] ?? 0) | (point >> (6 * more));
  for (let i = 1; i <= more; i++) out[at + i] = 0x80 | ((point >> (6 * (more - i))) & 0x3f);
  return at + more + 1;
}

/** Bytes that a number of JSON is made of. */
export function isNumberByte(byte: number): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  return isDigit || byte === MINUS || byte === PLUS || byte === POINT || byte === LOWER_E || byte === UPPER_E;
}

/** Bytes that would make a longer, wrong token of the number or word before them. */
export function isWordByte(byte: number): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return (
    isDigit || isLetter || byte >= 0x80 || byte === POINT || byte === MINUS || byte === PLUS || byte === UNDERSCORE
  );
}

/**
 * Represents weights: an endless stream of bytes per key, of which any part can be had without the parts before it.
 * Keyed by text, so that whoever says the same text gets the same bytes.
 */
export interface FillKey {
  readonly low: number;
  readonly high: number;
}

/** Which bits of a 32-bit word stay random, and what the others are: keeps floats finite and small. */
export interface FillShape {
  readonly mask: number;
  readonly base: number;
}

/** BF16 of both signs with 2^-7 <= |x| < 2^-3, as weights have. */
export const BF16_WEIGHTS: FillShape = { mask: 0x81ff81ff, base: 0x3c003c00 };
/** F32 in the same span. */
export const F32_WEIGHTS: FillShape = { mask: 0x81ffffff, base: 0x3c000000 };
export const RAW_BITS: FillShape = { mask: 0xffffffff, base: 0 };

const SCRATCH_WORDS = 16384;
const scratch = new Uint32Array(SCRATCH_WORDS);
const scratchBytes = new Uint8Array(scratch.buffer);
/** Words are counted in 32 bits; past this many bytes the key changes. */
const KEY_SPAN_BYTES = 2 ** 34;

function finish(hash: number): number {
  let x = hash ^ (hash >>> 16);
  x = Math.imul(x, 0x21f0aaad);
  x ^= x >>> 15;
  x = Math.imul(x, 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

export function fillKey(text: string): FillKey {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x5bd1e995) ^ (high >>> 13);
  }
  return { low: finish(low), high: finish(high ^ low) };
}

function fillWords(key: FillKey, shape: FillShape, firstWord: number, count: number): void {
  const { low, high } = key;
  const { mask, base } = shape;
  for (let i = 0; i < count; i += 1) {
    let x = (firstWord + i + low) | 0;
    x ^= x >>> 16;
    x = Math.imul(x ^ high, 0x21f0aaad);
    x ^= x >>> 15;
    x = Math.imul(x, 0x735a2d97);
    scratch[i] = ((x ^ (x >>> 15)) & mask) | base;
  }
}

function fillSpan(out: Uint8Array, key: FillKey, shape: FillShape, offset: number): void {
  let at = 0;
  while (at < out.byteLength) {
    const position = offset + at;
    const skip = position % 4;
    const bytes = Math.min(out.byteLength - at, SCRATCH_WORDS * 4 - skip);
    fillWords(key, shape, (position - skip) / 4, Math.ceil((skip + bytes) / 4));
    out.set(scratchBytes.subarray(skip, skip + bytes), at);
    at += bytes;
  }
}

/** Writes bytes `[offset, offset + out.byteLength)` of the key's stream into `out`. */
export function fill(out: Uint8Array, key: FillKey, shape: FillShape, offset: number): void {
  let at = 0;
  while (at < out.byteLength) {
    const span = Math.floor((offset + at) / KEY_SPAN_BYTES);
    const inside = offset + at - span * KEY_SPAN_BYTES;
    const bytes = Math.min(out.byteLength - at, KEY_SPAN_BYTES - inside);
    const spanKey = span === 0 ? key : { low: finish(key.low ^ span), high: key.high };
    fillSpan(out.subarray(at, at + bytes), spanKey, shape, inside);
    at += bytes;
  }
}

/** The bytes as 16-bit words (little endian), copied only where their address is odd. */
export function words16(bytes: Uint8Array): Uint16Array {
  const whole = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(whole.buffer, whole.byteOffset, whole.byteLength >> 1);
}

/** The bytes as 32-bit words (little endian), copied only where their address is not a multiple of 4. */
export function words32(bytes: Uint8Array): Uint32Array {
  const whole = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(whole.buffer, whole.byteOffset, whole.byteLength >> 2);
}

/** Lets `fill` write 16-bit words into bytes at any address. */
export function fill16(bytes: Uint8Array, fill: (words: Uint16Array) => void): void {
  const words = words16(bytes);
  fill(words);
  writeBack(bytes, words);
}

/** Lets `fill` write 32-bit words into bytes at any address. */
export function fill32(bytes: Uint8Array, fill: (words: Uint32Array) => void): void {
  const words = words32(bytes);
  fill(words);
  writeBack(bytes, words);
}

function writeBack(bytes: Uint8Array, words: Uint16Array | Uint32Array): void {
  if (words.buffer !== bytes.buffer) bytes.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
}

/** What engines of 2024 and later have; TypeScript's ES2023 does not know it. */
interface Movable {
  readonly transfer?: (length: number) => ArrayBuffer;
}

/**
 * Frees the memory of bytes that nobody reads any more, and leaves them with length 0. Without it they wait for a collection,
 * which may not come for long: engines plan those by the memory of scripts, and half of what an opening takes is bytes.
 *
 * Not for a buffer that a browser made, as it does for chunks of a body: the browser's own object keeps that memory until it is
 * collected, and the engine, which no longer counts it, sees no reason to collect.
 *
 * Does nothing where they are free already, are only part of their memory, or where the engine cannot.
 */
export function release(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer) || bytes.byteLength === 0 || bytes.byteLength !== buffer.byteLength) return;
  (buffer as Movable).transfer?.(0);
}

import { KIB } from '../units.ts';

/** As much as a browser hands over at once: its pipe from the network process holds 512 KiB. */
const SCRATCH_BYTES = 256 * KIB;
/** Six large requests are under way at once; a scratch buffer more than that is not kept. */
const KEPT = 8;
const kept: ArrayBuffer[] = [];

/** The chunks of a body, in order. */
export interface BodyChunks {
  /** The next bytes, which hold until the next call; null at the end. */
  next(): Promise<Uint8Array | null>;
}

/**
 * Reads a body through a few buffers that all bodies share. A browser would make a buffer for each chunk, and free it only at
 * the next collection of its own objects: transferring the buffer hides it from the counter that starts one.
 */
export function bodyChunks(body: ReadableStream<Uint8Array<ArrayBuffer>> | null): BodyChunks {
  if (body === null) return { next: async () => null };
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: 'byob' });
  } catch {
    // Not a stream of bytes: an older browser, or a stream that a script made.
    const plain = body.getReader();
    return { next: async () => (await plain.read()).value ?? null };
  }
  let scratch = kept.pop() ?? new ArrayBuffer(SCRATCH_BYTES);
  return {
    next: async () => {
      const { value, done } = await reader.read(new Uint8Array(scratch));
      if (value) scratch = value.buffer;
      if (!done) return value;
      if (value && kept.length < KEPT) kept.push(scratch);
      return null;
    },
  };
}

/** Buffers of one size, used again: a fresh one each time would leave the garbage collector far behind. */
export interface BufferPool {
  /** Any content. Longer than the pool's size: a buffer of its own. */
  take(length: number): Uint8Array<ArrayBuffer>;
  give(bytes: Uint8Array<ArrayBuffer>): void;
}

export function createBufferPool(size: number): BufferPool {
  const free: ArrayBuffer[] = [];
  return {
    take: (length) =>
      length > size ? new Uint8Array(length) : new Uint8Array(free.pop() ?? new ArrayBuffer(size), 0, length),
    give: (bytes) => {
      if (bytes.buffer.byteLength === size) free.push(bytes.buffer);
    },
  };
}

import { createCRC32, createSHA256, createXXHash64 } from 'hash-wasm';

/** A streaming hash. */
export interface Hasher {
  reset(): void;
  update(bytes: Uint8Array): void;
  /** In hex. */
  digest(): string;
}

/** Streaming xxHash64, 16 hex digits: a check of bytes against accident, not against intent. */
export async function createHasher(): Promise<Hasher> {
  const state = await createXXHash64();
  state.init();
  return {
    reset: () => void state.init(),
    update: (bytes) => void state.update(bytes),
    digest: () => state.digest('hex'),
  };
}

/** Streaming SHA-256, 64 hex digits: equal digests represent equal bytes where the bytes themselves are not kept. */
export async function createDigester(): Promise<Hasher> {
  const state = await createSHA256();
  state.init();
  return {
    reset: () => void state.init(),
    update: (bytes) => void state.update(bytes),
    digest: () => state.digest('hex'),
  };
}

/** Streaming CRC-32 (IEEE 802.3), 8 hex digits: the checksum that ZIP files hold. */
export async function createCrc32(): Promise<Hasher> {
  const state = await createCRC32();
  state.init();
  return {
    reset: () => void state.init(),
    update: (bytes) => void state.update(bytes),
    digest: () => state.digest('hex'),
  };
}

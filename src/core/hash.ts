import { createXXHash64 } from 'hash-wasm';

/** Streaming xxHash64: a check of bytes against accident, not against intent. */
export interface Hasher {
  reset(): void;
  update(bytes: Uint8Array): void;
  /** 16 hex digits. */
  digest(): string;
}

export async function createHasher(): Promise<Hasher> {
  const state = await createXXHash64();
  state.init();
  return {
    reset: () => void state.init(),
    update: (bytes) => void state.update(bytes),
    digest: () => state.digest('hex'),
  };
}

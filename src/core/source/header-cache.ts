import { MIB } from '../units.ts';

/**
 * Keeps the headers and small files of repos by what they hold, so that opening again asks for none of them.
 *
 * It is an aid alone: no method throws, and whoever reads checks what comes out, and removes what does not hold.
 */
export interface HeaderCache {
  /** The bytes kept under a key, null when there are none. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** The bytes are copied: they may be freed once it is done. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Most bytes kept: the headers of a dozen models of 470 GB. */
export const CACHE_BYTES = 64 * MIB;
/** An entry longer than this is not kept: it would push out all the others. */
export const CACHE_ENTRY_BYTES = 8 * MIB;

/** A cache that lasts as long as the value; the oldest entries leave when `limit` bytes are exceeded. */
export function memoryHeaderCache(limit = CACHE_BYTES): HeaderCache & { readonly byteLength: number } {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  let total = 0;
  const drop = (key: string) => {
    total -= kept.get(key)?.length ?? 0;
    kept.delete(key);
  };
  return {
    get byteLength() {
      return total;
    },
    get: async (key) => kept.get(key)?.slice() ?? null,
    put: async (key, bytes) => {
      if (bytes.length > Math.min(limit, CACHE_ENTRY_BYTES)) return;
      drop(key);
      kept.set(key, new Uint8Array(bytes));
      total += bytes.length;
      for (const oldest of kept.keys()) {
        if (total <= limit) break;
        drop(oldest);
      }
    },
    remove: async (key) => drop(key),
  };
}

/**
 * The part of a cache that one server's word may fill: keys name contents by hashes that only the server vouches for.
 *
 * Only keys that name a content (`sha256:`, `git:`) are kept.
 */
export function cacheOf(origin: string, cache: HeaderCache): HeaderCache {
  const inner = (key: string) => (/^(?:sha256|git):/.test(key) ? `${origin} ${key}` : null);
  return {
    get: async (key) => {
      const name = inner(key);
      return name === null ? null : cache.get(name);
    },
    put: async (key, bytes) => {
      const name = inner(key);
      if (name !== null) await cache.put(name, bytes);
    },
    remove: async (key) => {
      const name = inner(key);
      if (name !== null) await cache.remove(name);
    },
  };
}

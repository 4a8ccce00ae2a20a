import { release } from '../release.ts';
import { CACHE_BYTES, CACHE_ENTRY_BYTES, type HeaderCache } from './header-cache.ts';

const NAME = 'moe-loom-headers';
const STORE = 'headers';
/** Age and size of an entry: its keys alone tell what to evict, without loading bytes. */
const BY_AGE = 'by-age';
/** After an eviction so much of the limit is taken, so that not every entry brings another one. */
const TAKEN_AFTER = 0.9;

interface Entry {
  readonly key: string;
  readonly at: number;
  readonly size: number;
  readonly sum: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface BrowserCacheOptions {
  /** Name of the database. */
  readonly name?: string | undefined;
  /** Most bytes kept; the oldest entries leave first. */
  readonly limit?: number | undefined;
  readonly now?: (() => number) | undefined;
}

/**
 * A cache in IndexedDB, which pages and workers of one origin share; null where there is none, as in Node.
 *
 * Storage that is full, forbidden or broken makes it an empty cache; entries whose bytes have changed are removed.
 */
export function browserHeaderCache(options: BrowserCacheOptions = {}): HeaderCache | null {
  if (!hasDatabases()) return null;
  const { name = NAME, limit = CACHE_BYTES, now = Date.now } = options;
  const database = rememberSuccess((forget) => openDatabase(name, forget));
  let total: number | null = null;
  const remove = async (key: string) => {
    await settled((await database()).transaction(STORE, 'readwrite').objectStore(STORE).delete(key));
  };
  const put = async (key: string, given: Uint8Array) => {
    const bytes = new Uint8Array(given);
    const entry: Entry = { key, at: now(), size: bytes.length, sum: checksum(bytes), bytes };
    const db = await database();
    await settled(db.transaction(STORE, 'readwrite').objectStore(STORE).put(entry));
    release(bytes);
    total = total === null ? await trim(db, limit) : total + entry.size;
    if (total > limit) total = await trim(db, limit);
  };
  return {
    get: (key) =>
      orElse(null, async () => {
        const entry: unknown = await settled((await database()).transaction(STORE).objectStore(STORE).get(key));
        if (entry === undefined) return null;
        if (isEntry(entry) && checksum(entry.bytes) === entry.sum) return entry.bytes;
        await remove(key);
        return null;
      }),
    put: (key, bytes) =>
      bytes.length > Math.min(limit, CACHE_ENTRY_BYTES) ? Promise.resolve() : orElse(undefined, () => put(key, bytes)),
    remove: (key) => orElse(undefined, () => remove(key)),
  };
}

/** False in Node, and where the browser throws as soon as a page asks for its databases. */
function hasDatabases(): boolean {
  try {
    return typeof indexedDB !== 'undefined';
  } catch {
    return false;
  }
}

/** Gives back the room that cached headers take; they are read again where they are needed. */
export async function clearHeaderCache(name = NAME): Promise<void> {
  if (!hasDatabases()) return;
  await new Promise<void>((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => resolve();
    request.onblocked = () => resolve();
  });
}

/** The cache is an aid: where it fails, it is empty. */
async function orElse<T>(none: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch {
    return none;
  }
}

/** Shares one attempt; forgets it when it failed, or when told to. */
function rememberSuccess<T>(make: (forget: () => void) => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  const forget = () => {
    made = null;
  };
  return () => {
    made ??= make(forget).catch((error: unknown) => {
      forget();
      throw error;
    });
    return made;
  };
}

function openDatabase(name: string, onClose: () => void): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE, { keyPath: 'key' }).createIndex(BY_AGE, ['at', 'size']);
  };
  return settled(request).then((db) => {
    db.onclose = onClose;
    db.onversionchange = () => {
      db.close();
      onClose();
    };
    return db;
  });
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Bytes kept, newest first, until the limit; what is older is deleted. */
function trim(db: IDBDatabase, limit: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(STORE, 'readwrite');
    const store = transaction.objectStore(STORE);
    const sizes: { readonly key: IDBValidKey; readonly size: number }[] = [];
    const request = store.index(BY_AGE).openKeyCursor();
    let total = 0;
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor !== null) {
        const size = Number((cursor.key as readonly unknown[])[1]);
        sizes.push({ key: cursor.primaryKey, size });
        total += size;
        cursor.continue();
        return;
      }
      if (total <= limit) return;
      for (const { key, size } of sizes) {
        if (total <= limit * TAKEN_AFTER) break;
        store.delete(key);
        total -= size;
      }
    };
    transaction.oncomplete = () => resolve(total);
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && 'bytes' in value && value.bytes instanceof Uint8Array;
}

/** FNV-1a: against accident, not against intent. */
function checksum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}

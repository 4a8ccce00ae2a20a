import { CANDIDATES, type MeasuredRing } from './measure-ring.ts';

/** What this browser remembers of devices; pages and workers of one origin share it. */
const NAME = 'moe-loom-devices';
const STORE = 'rings';
/** Changes when rings are measured in another way. */
const VERSION = 'v1';

/** What this thread found out, or waits for. */
const known = new Map<string, Promise<MeasuredRing>>();

/**
 * The ring of an adapter, by its name: measured once for each browser, by one thread at a time. Where a browser keeps
 * nothing, once for each thread. What could not be measured is not kept.
 */
export function ringOf(adapter: string, measure: () => Promise<MeasuredRing>): Promise<MeasuredRing> {
  const key = `${VERSION} ${adapter}`;
  const ring = known.get(key) ?? alone(() => recallOr(key, measure));
  known.set(key, ring);
  void ring.then(
    ({ rate }) => {
      if (rate === null) known.delete(key);
    },
    () => known.delete(key),
  );
  return ring;
}

/** A measuring thread needs a quarter of a second; one whose device hangs must not hold up the others. */
const WAIT_MS = 2000;

/** One thread measures, the others wait and then read what it found. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const scope = globalThis as { navigator?: { locks?: LockManager } };
  const locks = scope.navigator?.locks;
  if (!locks) return work();
  let running: Promise<T> | null = null;
  const begin = () => {
    running = work();
    return running;
  };
  const signal = AbortSignal.timeout(WAIT_MS);
  await locks.request(NAME, { signal }, begin).catch(() => undefined);
  return running ?? work();
}

async function recallOr(key: string, measure: () => Promise<MeasuredRing>): Promise<MeasuredRing> {
  const database = await openDatabase().catch(() => null);
  try {
    const stored =
      database && (await settled(database.transaction(STORE).objectStore(STORE).get(key)).catch(() => null));
    if (isMeasured(stored)) return stored;
    const ring = await measure();
    if (database && ring.rate !== null) {
      const { tileBytes, depth, rate } = ring;
      await settled(
        database.transaction(STORE, 'readwrite').objectStore(STORE).put({ tileBytes, depth, rate }, key),
      ).catch(() => undefined);
    }
    return ring;
  } finally {
    database?.close();
  }
}

/** What was stored is used only if it is a ring that could have been measured: another would take any memory. */
export function isMeasured(value: unknown): value is MeasuredRing {
  const { tileBytes, depth, rate } = (value ?? {}) as Partial<Record<string, unknown>>;
  const isCandidate = CANDIDATES.some((each) => each.tileBytes === tileBytes && each.depth === depth);
  return isCandidate && typeof rate === 'number' && Number.isFinite(rate) && rate > 0;
}

async function openDatabase(): Promise<IDBDatabase | null> {
  if (typeof indexedDB === 'undefined') return null;
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

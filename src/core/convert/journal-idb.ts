import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb';
import { isLoomError, LoomError } from '../errors.ts';
import type { FinishedShard, Journal, JournalHead } from './journal.ts';

const DATABASE = 'moe-loom-journals';

interface Entry {
  readonly job: string;
  readonly head: JournalHead;
  /** What the page wants to know of the job; any value that can be cloned. */
  readonly note: unknown;
}

interface Schema extends DBSchema {
  jobs: { key: string; value: Entry };
  shards: { key: [string, string]; value: FinishedShard & { readonly job: string } };
}

/** A conversion that did not reach its end, as the browser remembers it. */
export interface StoredJournal extends Entry {
  /** Shards that are finished. */
  readonly finished: number;
  /** Bytes of the others. */
  readonly restBytes: number;
}

/**
 * The journal of a job in IndexedDB; `note` is kept beside it. Every step is on disk before its promise settles.
 *
 * @throws LoomError `write-failed` where the browser keeps no database.
 */
export async function openStoredJournal(job: string, note: unknown): Promise<Journal> {
  const db = await open();
  let entry = (await db.get('jobs', job).catch(failed)) ?? null;
  const shards = entry ? await db.getAll('shards', rangeOf(job)).catch(failed) : [];
  const finished = new Map(shards.map(({ job: _, ...shard }) => [shard.file, shard as FinishedShard]));
  return {
    get head() {
      return entry?.head ?? null;
    },
    finished,
    begin: async (head) => {
      entry = { job, head, note };
      await durable(db, async (tx) => {
        await tx.objectStore('shards').delete(rangeOf(job));
        await tx.objectStore('jobs').put(entry as Entry);
      });
      finished.clear();
    },
    add: async (shard) => {
      await durable(db, (tx) => tx.objectStore('shards').put({ ...shard, job }));
      finished.set(shard.file, shard);
    },
    forget: async (file) => {
      await durable(db, (tx) => tx.objectStore('shards').delete([job, file]));
      finished.delete(file);
    },
    remove: async () => {
      await removeJournal(job);
      entry = null;
      finished.clear();
    },
  };
}

/** Every conversion that did not reach its end; none where the browser keeps no database. */
export async function listJournals(): Promise<StoredJournal[]> {
  try {
    const db = await open();
    const entries = await db.getAll('jobs');
    return await Promise.all(
      entries.map(async (entry) => {
        const keys = await db.getAllKeys('shards', rangeOf(entry.job));
        const files = new Set(keys.map(([, file]) => file));
        const rest = entry.head.shards.filter(({ file }) => !files.has(file));
        const restBytes = rest.reduce((sum, { byteLength }) => sum + byteLength, 0);
        return { ...entry, finished: files.size, restBytes };
      }),
    );
  } catch {
    return [];
  }
}

/** Forgets a job; nothing happens when it is not known. */
export async function removeJournal(job: string): Promise<void> {
  await durable(await open(), async (tx) => {
    await tx.objectStore('shards').delete(rangeOf(job));
    await tx.objectStore('jobs').delete(job);
  });
}

/** Why the browser keeps no record of conversions, null where it does: then one that breaks off can be resumed. */
export async function tryJournals(): Promise<LoomError | null> {
  try {
    await (await open()).count('jobs');
    return null;
  } catch (cause) {
    return isLoomError(cause) ? cause : unrecorded(cause);
  }
}

function rangeOf(job: string): IDBKeyRange {
  return IDBKeyRange.bound([job, ''], [job, '\uffff']);
}

type Transaction = IDBPTransaction<Schema, ('jobs' | 'shards')[], 'readwrite'>;

async function durable(db: IDBPDatabase<Schema>, work: (tx: Transaction) => Promise<unknown>): Promise<void> {
  const tx = db.transaction(['jobs', 'shards'], 'readwrite', { durability: 'strict' });
  await Promise.all([work(tx), tx.done]).catch(failed);
}

let opened: Promise<IDBPDatabase<Schema>> | null = null;

function open(): Promise<IDBPDatabase<Schema>> {
  // The call itself throws where a page may not store anything.
  const start = async () =>
    openDB<Schema>(DATABASE, 1, {
      upgrade: (db) => {
        db.createObjectStore('jobs', { keyPath: 'job' });
        db.createObjectStore('shards', { keyPath: ['job', 'file'] });
      },
      blocking: (_current, _wanted, event) => {
        (event.target as IDBDatabase).close();
        opened = null;
      },
      terminated: () => {
        opened = null;
      },
    });
  opened ??= start().catch((cause: unknown) => {
    opened = null;
    return failed(cause);
  });
  return opened;
}

function failed(cause: unknown): never {
  const full = cause instanceof Error && cause.name === 'QuotaExceededError';
  if (full) {
    const message = 'The browser storage is full: the record of the conversion does not fit. Free space and run again.';
    throw new LoomError('disk-full', message, {}, cause);
  }
  throw unrecorded(cause);
}

function unrecorded(cause: unknown): LoomError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LoomError('write-failed', `The browser keeps no record of the conversion: ${reason}.`, {}, cause);
}

import {
  clearHeaderCache,
  type Journal,
  jobFiles,
  type LoomError,
  openStoredJournal,
  toWire,
  tryJournals,
  tryOpfs,
} from '../../src/core/index.ts';
import type { ConvertEvent, JobRecord, StorageTrial } from './protocol.ts';

/** Tries what a conversion needs of the browser: a file in its storage, and a record of how far it came. */
export async function tryStorage(): Promise<StorageTrial> {
  const [first, record] = await Promise.all([tryOpfs(), tryJournals()]);
  const storage = first?.tag === 'disk-full' ? await tryWithoutCache() : first;
  return { storage: storage && toWire(storage), record: record && toWire(record) };
}

/** Cached headers are an aid: they make room for a result. */
async function tryWithoutCache(): Promise<LoomError | null> {
  await clearHeaderCache().catch(() => undefined);
  return tryOpfs();
}

/**
 * The journal of a new job. Where the browser keeps none, or has no room for it, the conversion continues without one: it
 * cannot be resumed, which is told once.
 */
export async function openRecord(
  { job, note }: JobRecord,
  tell: (event: ConvertEvent) => void,
): Promise<Journal | undefined> {
  const failed = (error: unknown) => void tell({ type: 'unrecorded', reason: toWire(error).message });
  const journal = await openStoredJournal(job, note).catch((error: unknown) => failed(error));
  if (!journal) return undefined;
  let kept = true;
  const attempt = async (work: () => Promise<void>) => {
    if (!kept) return;
    await work().catch((error: LoomError) => {
      kept = false;
      failed(error);
    });
  };
  return {
    get head() {
      return journal.head;
    },
    finished: journal.finished,
    begin: (head) => attempt(() => journal.begin(head)),
    add: (shard) => attempt(() => journal.add(shard)),
    forget: journal.forget,
    remove: () => journal.remove().catch((error: unknown) => (kept ? Promise.reject(error) : undefined)),
  };
}

/** Shards that the browser storage holds no more are finished no more: browsers clear it, and people do. */
export async function forgetCleared(journal: Journal, job: string): Promise<void> {
  const files = await jobFiles(job)
    .then((set) => set.list())
    .catch(() => []);
  const lengths = new Map(files.map(({ name, byteLength }) => [name, byteLength]));
  for (const { file, byteLength } of journal.head?.shards ?? [])
    if (journal.finished.has(file) && lengths.get(file) !== byteLength) await journal.forget(file);
}

import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { isJobName } from '../sink/job-name.ts';
import type { ConversionReport } from './report.ts';
import { type ResultFacts, resultFacts } from './result-facts.ts';

const DATABASE = 'moe-loom-folder-results';

/** A finished conversion into a folder that a person picked, as the browser remembers it: the files are in the folder. */
export interface FolderResult {
  readonly job: string;
  readonly folder: FileSystemDirectoryHandle;
  readonly files: number;
  readonly bytes: number;
  readonly report: ConversionReport;
}

/** The same as a list shows it. */
export interface KnownFolderResult extends FolderResult {
  readonly facts: ResultFacts;
}

interface Schema extends DBSchema {
  results: { key: string; value: FolderResult };
}

/** Remembers a result in a picked folder. @throws DOMException where the browser keeps no database. */
export async function keepFolderResult(result: FolderResult): Promise<void> {
  await withDatabase((db) => db.put('results', result));
}

/** Forgets a result in a picked folder; its files stay. Nothing happens when it is not known. */
export async function forgetFolderResult(job: string): Promise<void> {
  await withDatabase((db) => db.delete('results', job));
}

/** Every result in a picked folder; none where the browser keeps no database. */
export async function listFolderResults(): Promise<KnownFolderResult[]> {
  const found = await withDatabase((db) => db.getAll('results')).catch(() => []);
  return found.flatMap((result) => known(result) ?? []);
}

/** One result in a picked folder; null when it is not known. */
export async function findFolderResult(job: string): Promise<KnownFolderResult | null> {
  if (!isJobName(job)) return null;
  return known(await withDatabase((db) => db.get('results', job)).catch(() => undefined));
}

/** What is stored may come from another version. */
function known(result: FolderResult | undefined): KnownFolderResult | null {
  if (!result || typeof result.job !== 'string' || !isJobName(result.job)) return null;
  if (result.folder?.kind !== 'directory' || !Number.isSafeInteger(result.bytes)) return null;
  const facts = resultFacts(result.report);
  return facts && { ...result, facts };
}

/** Opens the database for one piece of work: it is needed seldom, and a closed one holds up no other tab. */
async function withDatabase<T>(work: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
  const db = await openDB<Schema>(DATABASE, 1, {
    upgrade: (fresh) => void fresh.createObjectStore('results', { keyPath: 'job' }),
  });
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

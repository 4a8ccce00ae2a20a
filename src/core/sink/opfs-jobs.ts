import { LoomError } from '../errors.ts';
import { handleAt } from '../source/blob.ts';
import { readFailed } from '../source/blob-source.ts';
import { opfsFiles } from '../source/opfs.ts';
import type { FileEntry, FileSet } from '../source/types.ts';
import { isNamed, onceUnlocked } from './directory.ts';
import { isJobName } from './job-name.ts';
import { nothingFits, storageFailed, storageRefused } from './storage-failed.ts';

/** All of ours in the browser's storage lies under this folder. */
const HOME = 'moe-loom';

/** What one conversion left in the browser's storage. */
export interface StoredJob {
  readonly job: string;
  readonly bytes: number;
  readonly files: readonly FileEntry[];
  /** True while a tab holds it: it is being written or shown there. */
  readonly inUse: boolean;
}

/** The name of the Web Lock that says a job is in use. */
export function jobLock(job: string): string {
  return `${HOME}/${job}`;
}

/** Says of a job whether a tab, this one too, holds it now; never so where the browser has no locks. */
export async function jobsInUse(): Promise<(job: string) => boolean> {
  const held = (await navigator.locks?.query().catch(() => null))?.held ?? [];
  const names = new Set(held.map(({ name }) => name));
  return (job) => names.has(jobLock(job));
}

/**
 * Holds a job for reading, so that no other tab removes it: until `until` settles, else until this page or worker ends.
 * While somebody writes or shows the job, the hold waits.
 */
export function shareJob(job: string, until: Promise<unknown> = new Promise(() => {})): void {
  const held = () => until.then(undefined, () => undefined);
  void navigator.locks?.request(jobLock(job), { mode: 'shared' }, held).catch(() => undefined);
}

/** The folder of a job, made when it is not there. @throws LoomError `storage-unavailable`, `disk-full`. */
export async function openJobFolder(job: string): Promise<FileSystemDirectoryHandle> {
  if (!isJobName(job)) throw new LoomError('internal', `A job cannot be called ${job}.`);
  const home = await openHome(true);
  return home.getDirectoryHandle(job, { create: true }).catch((cause: unknown) => storageFailed(job, cause));
}

/** The files of one job. @throws LoomError `path-not-found` when there is no such job. */
export async function jobFiles(job: string): Promise<FileSet> {
  return opfsFiles(await existingJob(job), `browser storage, job ${job}`);
}

/** One file of a job as the browser's own `File`, for a download link. @throws LoomError `path-not-found`. */
export async function jobFile(job: string, name: string): Promise<File> {
  const handle = await handleAt(await existingJob(job), name, `browser storage, job ${job}`);
  return handle.getFile().catch((cause: unknown) => readFailed(name, cause));
}

async function existingJob(job: string): Promise<FileSystemDirectoryHandle> {
  const home = isJobName(job) ? await openHome(false).catch(() => null) : null;
  const folder = await home?.getDirectoryHandle(job).catch(() => null);
  if (!folder)
    throw new LoomError(
      'path-not-found',
      `The storage of this browser has no conversion ${job}: it was deleted, or the browser cleared its storage.`,
      { file: job },
    );
  return folder;
}

/** Everything that earlier conversions left, newest name last. Empty where the browser has no storage. */
export async function listJobs(): Promise<StoredJob[]> {
  const home = await openHome(false).catch(() => null);
  if (!home) return [];
  const inUse = await jobsInUse();
  const jobs: StoredJob[] = [];
  for await (const [job, entry] of home.entries()) {
    if (entry.kind !== 'directory') continue;
    const files = await opfsFiles(entry as FileSystemDirectoryHandle)
      .list()
      .catch(() => []);
    const bytes = files.reduce((sum, file) => sum + file.byteLength, 0);
    jobs.push({ job, bytes, files, inUse: inUse(job) });
  }
  return jobs.sort((a, b) => (a.job < b.job ? -1 : 1));
}

/** Removes a job and all its files; nothing happens when it is not there. */
export async function removeJob(job: string): Promise<void> {
  const home = await openHome(false).catch(() => null);
  await onceUnlocked(async () => home?.removeEntry(job, { recursive: true })).catch((cause: unknown) => {
    if (!isNamed(cause, 'NotFoundError')) storageFailed(job, cause);
  });
  await removeHomeIfEmpty(home);
}

async function removeHomeIfEmpty(home: FileSystemDirectoryHandle | null): Promise<void> {
  if (!home) return;
  for await (const _ of home.keys()) return;
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(HOME).catch(() => undefined);
}

/**
 * The folder of all that is ours in the browser storage.
 *
 * @throws LoomError `storage-unavailable`, and as {@link storageFailed}.
 */
export async function openHome(create: boolean): Promise<FileSystemDirectoryHandle> {
  if (typeof navigator === 'undefined' || typeof navigator.storage?.getDirectory !== 'function') {
    throw new LoomError(
      'storage-unavailable',
      'This browser gives the page no storage to write to. Use a current browser over https.',
    );
  }
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(HOME, { create });
  } catch (cause) {
    if (isNamed(cause, 'QuotaExceededError')) throw nothingFits(cause);
    throw storageRefused(cause);
  }
}

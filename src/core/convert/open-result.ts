import { LoomError } from '../errors.ts';
import { INDEX_FILE } from '../safetensors/index-file.ts';
import { isJobName } from '../sink/job-name.ts';
import { jobFiles, shareJob } from '../sink/opfs-jobs.ts';
import { directoryFiles } from '../source/blob.ts';
import type { FileEntry, FileSet } from '../source/types.ts';
import { findFolderResult } from './folder-results.ts';

/** True when a conversion that left these files reached its end: the index is the last file that it writes. */
export function isFinishedJob(files: readonly FileEntry[]): boolean {
  return files.some(({ name }) => name === INDEX_FILE);
}

/** `queryPermission`, which not every browser has. */
interface Asked extends FileSystemDirectoryHandle {
  queryPermission?(options: { readonly mode: 'read' }): Promise<PermissionState>;
}

/**
 * The files of a finished conversion by its name, which may come from a link: from the storage of this browser, else from
 * the folder that was picked for it. While the worker that opened it lives, other tabs know that it is in use.
 *
 * @throws LoomError `path-not-found` where this browser has no such result, or it is not finished; `permission-lost` where
 * a person has to allow reading the folder first.
 */
export async function openResult(job: string): Promise<FileSet> {
  const identity = `job:${job}`;
  const stored = isJobName(job) ? await jobFiles(job).catch(() => null) : null;
  if (stored) {
    if (!isFinishedJob(await stored.list())) throw unfinished(job);
    shareJob(job);
    return { ...stored, identity };
  }
  const kept = await findFolderResult(job);
  if (!kept) throw notHere(job);
  const folder: Asked = kept.folder;
  const answer = await folder.queryPermission?.({ mode: 'read' }).catch(() => 'prompt' as const);
  if (answer !== undefined && answer !== 'granted') throw notAllowed(job, folder.name);
  return directoryFiles(folder, identity);
}

function notHere(job: string): LoomError {
  const message = `This browser has no conversion result ${job}. A result stays in the browser that made it, until it is deleted there or the browser clears its storage. Open the link in that browser, convert the model again, or drop the folder that holds the result.`;
  return new LoomError('path-not-found', message);
}

function unfinished(job: string): LoomError {
  const message = `The conversion ${job} is not finished, so it has no result to open. Resume it under "Unfinished conversions" on the start page.`;
  return new LoomError('path-not-found', message);
}

function notAllowed(job: string, folder: string): LoomError {
  const message = `The result ${job} is in the folder ${folder}, and the browser asks again before this page may read it. Press "Allow reading the folder", or drop the folder here.`;
  return new LoomError('permission-lost', message);
}

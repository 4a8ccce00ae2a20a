import { create } from 'zustand';
import {
  blobFiles,
  copyFiles,
  createPickedFolderSink,
  type FileSet,
  formatBytes,
  isAbort,
  jobFile,
  jobFiles,
  LoomError,
  plural,
  shareJob,
  type ZipFile,
  zipBlob,
} from '../../../core/index.ts';
import { saveBlob } from '../../parts/save-blob.ts';
import { shownFiles } from '../downloads.ts';
import { pickFolder } from '../output-folder.ts';

/** A result that can be saved. */
export interface Savable {
  /** The name of the job: tells results apart. */
  readonly job: string;
  /** What the archive and the folder in it are called. */
  readonly name: string;
  readonly bytes: number;
  /** Where its files are: the browser storage, or the memory of this tab. */
  readonly where: 'opfs' | 'memory';
}

export interface SaveState {
  /** The result that is or was saved last; null before that. */
  readonly job: string | null;
  readonly status: 'idle' | 'saving' | 'saved' | 'failed';
  readonly how: 'folder' | 'zip';
  /** Bytes read for the archive, or written into the folder. */
  readonly done: number;
  readonly total: number;
  /** How it ended: a sentence or two. */
  readonly outcome: string;
}

const IDLE: SaveState = { job: null, status: 'idle', how: 'zip', done: 0, total: 0, outcome: '' };

/** The saving of this page; one at a time, and it continues while other views are open. */
export const useSave = create<SaveState>()(() => IDLE);

let abort: AbortController | null = null;

/** Stops saving. What was written into the folder is removed. */
export function cancelSave(): void {
  abort?.abort();
}

/** Forgets how the last saving ended. */
export function dismissSave(): void {
  if (useSave.getState().status !== 'saving') useSave.setState(IDLE);
}

/** Saves a result as one ZIP archive, with the browser's own download. */
export function saveAsZip(of: Savable): Promise<void> {
  return save(of, 'zip', async (signal, onProgress) => {
    const files = await filesOf(of);
    const archive = await zipBlob(files, { folder: of.name, signal, onProgress });
    saveBlob(archive, `${of.name}.zip`);
    const where = of.where === 'opfs' ? ' Wait until the browser has saved it before you delete the result here.' : '';
    return `The browser is saving ${of.name}.zip (${formatBytes(archive.size)}).${where}`;
  });
}

/** Saves all files of a result into an empty folder that a person picks. Nothing happens when they pick none. */
export async function saveIntoFolder(of: Savable): Promise<void> {
  try {
    const folder = await pickFolder({ kind: 'job', job: of.job });
    if (!folder) return;
    await save(of, 'folder', async (signal, onProgress) => {
      const files = await setOf(of);
      await copyFiles(files, await createPickedFolderSink(folder), { signal, onProgress });
      const count = (await files.list()).length;
      return `Saved ${plural(count, 'file')} (${formatBytes(of.bytes)}) into the folder ${folder.name}.`;
    });
  } catch (error) {
    useSave.setState({ ...IDLE, job: of.job, status: 'failed', how: 'folder', outcome: reasonOf(error) });
  }
}

type Work = (signal: AbortSignal, onProgress: (done: number) => void) => Promise<string>;

async function save(of: Savable, how: SaveState['how'], work: Work): Promise<void> {
  if (useSave.getState().status === 'saving') return;
  const mine = new AbortController();
  abort = mine;
  useSave.setState({ job: of.job, status: 'saving', how, done: 0, total: of.bytes, outcome: '' });
  window.addEventListener('beforeunload', askBeforeLeaving);
  let release = () => {};
  if (of.where === 'opfs')
    shareJob(
      of.job,
      new Promise<void>((resolve) => {
        release = resolve;
      }),
    );
  try {
    const outcome = await work(mine.signal, (done) => useSave.setState({ done }));
    useSave.setState({ status: 'saved', outcome });
  } catch (error) {
    if (isAbort(error)) useSave.setState({ ...IDLE, job: of.job, status: 'saved', how, outcome: cancelled(how) });
    else useSave.setState({ status: 'failed', outcome: reasonOf(error) });
  } finally {
    release();
    window.removeEventListener('beforeunload', askBeforeLeaving);
  }
}

const askBeforeLeaving = (event: BeforeUnloadEvent) => event.preventDefault();

function cancelled(how: SaveState['how']): string {
  return how === 'zip'
    ? 'You cancelled saving. Nothing was saved.'
    : 'You cancelled saving. The files that were written into the folder were removed.';
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function filesOf({ job, where }: Savable): Promise<readonly ZipFile[]> {
  if (where === 'memory') return shownFiles();
  const entries = await (await jobFiles(job)).list();
  return Promise.all(entries.map(async ({ name }) => ({ name, file: await jobFile(job, name) })));
}

async function setOf({ job, name, where }: Savable): Promise<FileSet> {
  if (where === 'opfs') return jobFiles(job);
  const files = shownFiles();
  if (files.length === 0) throw new LoomError('path-not-found', 'The result is no longer in the memory of this tab.');
  return blobFiles(
    name,
    files.map(({ name: path, file }) => ({ path, file })),
  );
}

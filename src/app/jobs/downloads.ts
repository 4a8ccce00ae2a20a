import type { MemoryFile } from '../../../workers/convert/protocol.ts';
import { jobFile, jobFiles, type ZipFile } from '../../core/index.ts';
import { saveBlob } from '../parts/save-blob.ts';

/** A file of a result with an address to download it from. */
export interface Download {
  readonly name: string;
  readonly byteLength: number;
  readonly href: string;
  /** What the file is called once it is downloaded: a download has no folders. */
  readonly saveAs: string;
}

let shown: readonly (Download & ZipFile)[] = [];

/** Download addresses for the files of a job, instead of those of the job before. */
export async function openDownloads(job: string): Promise<readonly Download[]> {
  const entries = await (await jobFiles(job)).list();
  return show(await Promise.all(entries.map(async ({ name }) => ({ name, file: await jobFile(job, name) }))));
}

/** Download addresses for files in memory, instead of those of the job before. */
export function openBlobs(files: readonly MemoryFile[]): readonly Download[] {
  return show(files.map(({ name, blob }) => ({ name, file: new File([blob], name) })));
}

/** The files that have download addresses now. */
export function shownFiles(): readonly ZipFile[] {
  return shown;
}

function show(files: readonly ZipFile[]): readonly Download[] {
  closeDownloads();
  shown = files.map(({ name, file }) => ({
    name,
    file,
    byteLength: file.size,
    href: URL.createObjectURL(file),
    saveAs: name.replaceAll('/', '_'),
  }));
  return shown;
}

/** Ends the addresses, so that the files may be removed. */
export function closeDownloads(): void {
  for (const { href } of shown) URL.revokeObjectURL(href);
  shown = [];
}

/** Saves a text as a file. */
export function downloadText(text: string, saveAs: string): void {
  saveBlob(new Blob([text], { type: 'application/json' }), saveAs);
}

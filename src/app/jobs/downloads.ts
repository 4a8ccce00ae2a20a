import type { MemoryFile } from '../../../workers/convert/protocol.ts';
import { jobFile, jobFiles } from '../../core/index.ts';

/** Browsers drop downloads that follow each other too fast. */
const BETWEEN_MS = 1000;

/** A file of the browser storage with an address to download it from. */
export interface Download {
  readonly name: string;
  readonly byteLength: number;
  readonly href: string;
  /** What the file is called once downloaded: folders are not kept. */
  readonly saveAs: string;
}

let shown: readonly Download[] = [];

/** Download addresses for the files of a job, in place of those of the job before. */
export async function openDownloads(job: string): Promise<readonly Download[]> {
  closeDownloads();
  const entries = await (await jobFiles(job)).list();
  const files = await Promise.all(entries.map((entry) => jobFile(job, entry.name)));
  shown = entries.map((entry, index) => ({
    ...entry,
    href: URL.createObjectURL(files[index] as File),
    saveAs: entry.name.replaceAll('/', '_'),
  }));
  return shown;
}

/** Download addresses for files in memory, in place of those of the job before. */
export function openBlobs(files: readonly MemoryFile[]): readonly Download[] {
  closeDownloads();
  shown = files.map(({ name, blob }) => ({
    name,
    byteLength: blob.size,
    href: URL.createObjectURL(blob),
    saveAs: name.replaceAll('/', '_'),
  }));
  return shown;
}

/** Ends the addresses: what they stood for may be removed. */
export function closeDownloads(): void {
  for (const { href } of shown) URL.revokeObjectURL(href);
  shown = [];
}

/** Starts downloads one after another; `tell` hears how many have been started. */
export async function downloadAll(
  downloads: readonly Download[],
  tell: (started: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, download] of downloads.entries()) {
    if (signal.aborted) return;
    startDownload(download.href, download.saveAs);
    tell(index + 1);
    if (index < downloads.length - 1) await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
}

/** Saves a text as a file. */
export function downloadText(text: string, saveAs: string): void {
  const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  startDownload(href, saveAs);
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

function startDownload(href: string, saveAs: string): void {
  const link = document.createElement('a');
  link.href = href;
  link.download = saveAs;
  link.click();
}

import { useEffect, useState } from 'react';
import { type FileEntry, fromWire, isLoomError, jobFile, toWire } from '../../../core/index.ts';

/** Browsers drop downloads that follow each other too fast. */
const BETWEEN_MS = 1000;

/** A file of the browser storage with an address to download it from. */
export interface Download {
  readonly name: string;
  readonly byteLength: number;
  /** Null while it is being looked up. */
  readonly href: string | null;
  /** What the file is called once downloaded: folders are not kept. */
  readonly saveAs: string;
}

/** Download addresses for the files of a job; they end with the component. */
export function useDownloads(
  job: string | null,
  files: readonly FileEntry[],
): { readonly downloads: readonly Download[]; readonly problem: string | null } {
  const [hrefs, setHrefs] = useState<ReadonlyMap<string, string>>(new Map());
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    if (job === null) return;
    const made = new Map<string, string>();
    let ended = false;
    const make = async () => {
      for (const { name } of files) {
        const file = await jobFile(job, name);
        if (ended) return;
        made.set(name, URL.createObjectURL(file));
      }
      setHrefs(new Map(made));
    };
    make().catch((error: unknown) => setProblem((isLoomError(error) ? error : fromWire(toWire(error))).message));
    return () => {
      ended = true;
      for (const href of made.values()) URL.revokeObjectURL(href);
    };
  }, [job, files]);
  const downloads = files.map((file) => ({
    ...file,
    href: hrefs.get(file.name) ?? null,
    saveAs: file.name.replaceAll('/', '_'),
  }));
  return { downloads, problem };
}

/** Starts downloads one after another; `tell` hears how many have been started. */
export async function downloadAll(
  downloads: readonly Download[],
  tell: (started: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, download] of downloads.entries()) {
    if (signal.aborted || download.href === null) return;
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

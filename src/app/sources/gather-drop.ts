import type { NamedFile } from '../../../workers/inspect/protocol.ts';
import { LoomError } from '../../core/index.ts';
import { asFiles, type LocalSource } from './given-files.ts';

/** More files are a disk or a home folder, dropped by mistake. */
const LIMIT_FILES = 100_000;

/** A source of what a drop held: the folder itself where its handle is given, else all files inside. */
export async function gatherDrop(
  handles: readonly (Promise<FileSystemHandle | null> | null)[],
  entries: readonly (FileSystemEntry | null)[],
  loose: readonly File[],
): Promise<LocalSource> {
  const [only] = handles;
  if (handles.length === 1 && only) {
    const handle = await only.catch(() => null);
    if (handle?.kind === 'directory') return { kind: 'directory', handle: handle as FileSystemDirectoryHandle };
  }
  const found: NamedFile[] = [];
  for (const entry of entries) if (entry) await walk(entry, found);
  const files = found.length > 0 ? found : loose.map((file) => ({ path: file.name, file }));
  const [entry] = entries;
  return asFiles(files, entries.length === 1 && entry?.isDirectory ? entry.name : null);
}

async function walk(entry: FileSystemEntry, found: NamedFile[]): Promise<void> {
  if (found.length >= LIMIT_FILES)
    throw new LoomError('usage', 'There are too many files in there. Give the folder of one model.');
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path: entry.fullPath.replace(/^\//, ''), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    for (const inner of batch) await walk(inner, found);
  }
}

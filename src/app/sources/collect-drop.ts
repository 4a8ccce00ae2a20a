import type { NamedFile, SourceDescriptor } from '../../../workers/inspect/protocol.ts';
import { LoomError } from '../../core/index.ts';

type Local = Extract<SourceDescriptor, { kind: 'files' | 'directory' }>;
type HandleItem = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };

/** More files are a disk or a home folder, dropped by mistake. */
const LIMIT_FILES = 100_000;

/**
 * What a drop brought, as a source. Call it inside the event's handler: browsers empty the transfer afterwards.
 *
 * @throws LoomError `no-checkpoint` when it held no files, `usage` when it held too many.
 */
export function collectDrop(transfer: DataTransfer): Promise<Local> {
  const items = [...transfer.items].filter((item) => item.kind === 'file') as HandleItem[];
  const loose = [...transfer.files];
  const handles = items.map((item) => item.getAsFileSystemHandle?.() ?? null);
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
  return gather(handles, entries, loose);
}

async function gather(
  handles: readonly (Promise<FileSystemHandle | null> | null)[],
  entries: readonly (FileSystemEntry | null)[],
  loose: readonly File[],
): Promise<Local> {
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

/** Files of an input, with the folders that a chosen folder gives them. */
export function chosenFiles(list: FileList): Local {
  const files = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  const folder = files[0]?.path.includes('/') ? (files[0].path.split('/')[0] ?? null) : null;
  return asFiles(files, folder);
}

function asFiles(files: readonly NamedFile[], folder: string | null): Local {
  const [first] = files;
  if (!first)
    throw new LoomError(
      'no-checkpoint',
      'There were no files in what you gave. Give safetensors files, or the folder they are in.',
    );
  const name = folder ?? (files.length === 1 ? first.path : `${files.length} files`);
  return { kind: 'files', name, files };
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

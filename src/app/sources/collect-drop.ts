import { loadPart } from '../state/version.ts';
import type { LocalSource } from './given-files.ts';

type HandleItem = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };

/**
 * What a drop brought, as a source. Call it inside the event's handler: browsers empty the transfer afterwards.
 *
 * @throws LoomError `no-checkpoint` when it held no files, `usage` when it held too many, `part-not-loaded`.
 */
export async function collectDrop(transfer: DataTransfer): Promise<LocalSource> {
  const items = [...transfer.items].filter((item) => item.kind === 'file') as HandleItem[];
  const loose = [...transfer.files];
  const handles = items.map((item) => item.getAsFileSystemHandle?.() ?? null);
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
  const { gatherDrop } = await loadPart(loadGatherDrop, 'The reader of dropped folders');
  return gatherDrop(handles, entries, loose);
}

/** Files and folders are walked by code that comes after the first painting. */
export const loadGatherDrop = () => import('./gather-drop.ts');

import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The journal of an output folder. */
export const JOURNAL_FILE = '.moe-loom-journal';

/**
 * Ends a note, as a line break ends a line of the journal (the record separator of RFC 7464). A note begins with one too,
 * which ends whatever a killed process left half written.
 */
export const NOTE_END = '\u001e';

/** Tells the files of an output folder that this program made from files that took their names. */
export interface Ledger {
  /**
   * Notes a file that was just made, before it has its final name. The note is on disk when the promise settles, where the
   * folder has a journal; else it lasts as long as the process.
   */
  note(name: string, file: Pick<FileHandle, 'stat'>): Promise<void>;
  /** Notes, for this process alone, a file that another thread has just made. */
  adopt(name: string): Promise<void>;
  /** True for a file that was noted under this name, by this process, a thread of it, or an earlier run. */
  owns(name: string, info: BigIntStats): Promise<boolean>;
}

/**
 * Notes in the journal of the folder, between its lines: threads write theirs while the journal is being written.
 *
 * A file is known by its inode and the time at which it was made: a file that is written over stays the same, one that
 * takes its place does not, even where the system uses the inode again.
 */
export function createLedger(root: string): Ledger {
  const path = join(root, JOURNAL_FILE);
  const noted = new Set<string>();
  const noteOf = (name: string, { ino, birthtimeNs }: BigIntStats) =>
    JSON.stringify({ file: name, is: `${ino}:${birthtimeNs}` });
  return {
    note: async (name, file) => {
      const note = noteOf(name, await file.stat({ bigint: true }));
      noted.add(note);
      await append(path, note);
    },
    adopt: async (name) => {
      const info = await stat(join(root, name), { bigint: true }).catch(() => null);
      if (info) noted.add(noteOf(name, info));
    },
    owns: async (name, info) => {
      const note = noteOf(name, info);
      if (noted.has(note)) return true;
      const text = await readFile(path, 'utf8').catch(() => '');
      return text.includes(`${NOTE_END}${note}${NOTE_END}`);
    },
  };
}

/** Adds a note to a journal that is there, with one write: writers of one file do not cut each other's writes in two. */
async function append(path: string, note: string): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_APPEND).catch((cause) => {
    if (cause?.code === 'ENOENT') return null;
    throw cause;
  });
  try {
    await handle?.write(`${NOTE_END}${note}${NOTE_END}`);
    await handle?.datasync();
  } finally {
    await handle?.close();
  }
}

import { open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { isLoomError, LoomError } from '../errors.ts';
import { isInside } from '../inside.ts';
import { writeFully } from '../sink/folder-file.node.ts';
import { JOURNAL_FILE, NOTE_END } from '../sink/ledger.node.ts';
import { syncFolder } from '../sink/sync-folder.node.ts';
import { failed } from '../sink/write-failed.node.ts';
import { readRegular } from '../source/regular-file.node.ts';
import type { FinishedShard, Journal, JournalHead } from './journal.ts';

const Head = v.object({
  version: v.literal(1),
  plan: v.string(),
  target: v.string(),
  scope: v.string(),
  layers: v.nullable(v.array(v.number())),
  shards: v.array(v.object({ file: v.string(), byteLength: v.number() })),
  source: v.object({
    identity: v.string(),
    files: v.array(
      v.object({ name: v.string(), key: v.string(), firm: v.optional(v.boolean()), sha256: v.optional(v.string()) }),
    ),
  }),
});
/** A finished shard, as files hold it. */
export const Finished = v.object({
  file: v.string(),
  digests: v.array(v.tuple([v.string(), v.array(v.string())])),
  inputs: v.optional(v.array(v.tuple([v.string(), v.array(v.array(v.string()))]))),
  sha256: v.optional(v.string()),
});
const Forgotten = v.object({ forgotten: v.string() });

/**
 * The journal in an output folder: one line of JSON for the head, one for each finished shard and for each
 * that is finished no more, each on disk before the next. A last line that was cut short by a kill does not count.
 *
 * Between the lines stand the notes of the ledger (`sink/ledger.node.ts`). Nothing is written before `begin`.
 * @throws LoomError `read-failed` when there is one that cannot be read, `resume-refused` when it is none of this version,
 * `path-outside-folder` when it names a file outside the folder.
 */
export async function openFolderJournal(folder: string): Promise<Journal> {
  const root = resolve(folder);
  const path = join(root, JOURNAL_FILE);
  const text = await readRegular(path, path).catch((cause) => {
    if (isLoomError(cause)) throw cause;
    if (cause?.code === 'ENOENT' || cause?.code === 'ENOTDIR') return '';
    throw new LoomError('read-failed', `${path} cannot be read: ${cause?.message}.`, { file: path }, cause);
  });
  const lines = text.split('\n').slice(0, -1).map(withoutNotes);
  let head = lines.length === 0 ? null : headOf(lines[0] ?? '', path);
  // A line that was cut short is ended before the next one.
  let gap = text === '' || text.endsWith('\n') || text.endsWith(NOTE_END) ? '' : NOTE_END;
  const finished = new Map<string, FinishedShard>();
  for (const line of lines.slice(1)) {
    const forgotten = parse(Forgotten, line);
    if (forgotten) finished.delete(forgotten.forgotten);
    const shard = parse(Finished, line);
    if (shard && head?.shards.some(({ file }) => file === shard.file)) finished.set(shard.file, shard);
  }
  const append = async (value: unknown, flag: 'w' | 'a') => {
    const handle = await open(path, flag).catch((cause) => failed(path, cause));
    try {
      // One write: threads add their notes to the same file.
      const bytes = new TextEncoder().encode(`${flag === 'a' ? gap : ''}${JSON.stringify(value)}\n`);
      await writeFully(handle, bytes, null, path);
      await handle.sync();
      gap = '';
    } catch (cause) {
      failed(path, cause);
    } finally {
      await handle.close();
    }
  };
  let turn: Promise<void> = Promise.resolve();
  return {
    get head() {
      return head;
    },
    finished,
    begin: async (now) => {
      await append(now, 'w');
      await syncFolder(root).catch((cause) => failed(path, cause));
      head = now;
      finished.clear();
    },
    add: (shard) => {
      turn = turn.then(() => append(shard, 'a'));
      finished.set(shard.file, shard);
      return turn;
    },
    forget: (file) => {
      if (!finished.delete(file)) return turn;
      turn = turn.then(() => append({ forgotten: file }, 'a'));
      return turn;
    },
    remove: async () => {
      await turn.catch(() => undefined);
      await rm(path, { force: true });
      await syncFolder(root).catch((cause) => failed(path, cause));
      head = null;
      finished.clear();
    },
  };
}

/** What follows the last note before the end of a line. */
function withoutNotes(line: string): string {
  return line.slice(line.lastIndexOf(NOTE_END) + 1);
}

/** A whole first line is a head, or the file is not ours to write over. */
function headOf(line: string, path: string): JournalHead {
  const head = parse(Head, line) as JournalHead | null;
  if (head === null) {
    const message = `${path} is not a journal that this version can read. Move it away, or name another output folder.`;
    throw new LoomError('resume-refused', message, { file: path, byte: 0 });
  }
  const outside = head.shards.find(({ file }) => !isInside(`/${file}`, ''));
  if (outside) {
    const message = `${path} names the shard ${outside.file}, which leads out of the folder. Nothing was changed. Remove the journal, and name another output folder.`;
    throw new LoomError('path-outside-folder', message, { file: path, byte: 0 });
  }
  return head;
}

function parse<Schema extends v.GenericSchema>(schema: Schema, line: string | undefined): v.InferOutput<Schema> | null {
  try {
    const result = v.safeParse(schema, JSON.parse(line ?? ''));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

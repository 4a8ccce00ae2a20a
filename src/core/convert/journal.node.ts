import { open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { isLoomError, LoomError } from '../errors.ts';
import { JOURNAL_FILE } from '../sink/folder.node.ts';
import { readRegular } from '../source/regular-file.node.ts';
import type { FinishedShard, Journal, JournalHead } from './journal.ts';

const Head = v.object({
  version: v.literal(1),
  plan: v.string(),
  target: v.string(),
  scope: v.string(),
  layers: v.nullable(v.array(v.number())),
  shards: v.array(v.object({ file: v.string(), byteLength: v.number() })),
  source: v.object({ identity: v.string(), files: v.array(v.object({ name: v.string(), key: v.string() })) }),
});
const Finished = v.object({
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
 * Nothing is written before `begin`.
 * @throws LoomError `read-failed` when there is one that cannot be read, `not-a-file` when its name is that of no file.
 */
export async function openFolderJournal(folder: string): Promise<Journal> {
  const path = join(resolve(folder), JOURNAL_FILE);
  const text = await readRegular(path, path).catch((cause) => {
    if (isLoomError(cause)) throw cause;
    if (cause?.code === 'ENOENT' || cause?.code === 'ENOTDIR') return '';
    throw new LoomError('read-failed', `${path} cannot be read: ${cause?.message}.`, { file: path }, cause);
  });
  const lines = text.split('\n').slice(0, -1);
  let head = parse(Head, lines[0]) as JournalHead | null;
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
      await handle.appendFile(`${JSON.stringify(value)}\n`);
      await handle.sync();
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
      head = null;
      finished.clear();
    },
  };
}

function parse<Schema extends v.GenericSchema>(schema: Schema, line: string | undefined): v.InferOutput<Schema> | null {
  try {
    const result = v.safeParse(schema, JSON.parse(line ?? ''));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

function failed(path: string, cause: unknown): never {
  const code = (cause as { code?: unknown } | null)?.code;
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    throw new LoomError('disk-full', 'The disk is full. Free space and run again.', { file: path }, cause);
  throw new LoomError('write-failed', `${path} cannot be written: ${reason}.`, { file: path }, cause);
}

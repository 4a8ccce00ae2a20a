import { LoomError } from '../errors.ts';
import type { ConversionPlan } from '../plan/types.ts';
import { createFolderSink } from '../sink/folder.node.ts';
import type { Sink } from '../sink/types.ts';
import type { FileSet } from '../source/types.ts';
import { plural } from '../units.ts';
import { openFolderJournal } from './journal.node.ts';
import { type Journal, plannedFiles } from './journal.ts';
import { leftoversOf } from './leftovers.ts';

export interface FolderOutput {
  readonly sink: Sink;
  readonly journal: Journal;
}

export interface FolderOutputOptions {
  /** The path that is read, so that the output cannot lie inside it. */
  readonly source?: string | undefined;
  /** What to do with an unfinished conversion: refuse, go on, or remove it and start anew. */
  readonly unfinished: 'refuse' | 'resume' | 'restart';
  readonly signal?: AbortSignal | undefined;
}

/**
 * A folder to convert into, and its journal.
 *
 * @throws LoomError `output-unfinished`, `resume-refused`, and what `createFolderSink` throws. Nothing was touched then.
 */
export async function openFolderOutput(
  folder: string,
  plan: ConversionPlan,
  files: FileSet,
  { source, unfinished, signal }: FolderOutputOptions,
): Promise<FolderOutput> {
  const journal = await openFolderJournal(folder);
  if (journal.head === null) return { journal, sink: await createFolderSink(folder, source) };
  if (unfinished === 'refuse') {
    const shards = journal.head.shards.length;
    throw new LoomError(
      'output-unfinished',
      `${folder} holds an unfinished conversion to ${journal.head.target}: ${journal.finished.size} of ${plural(shards, 'shard')} ${shards === 1 ? 'is' : 'are'} finished. Go on with --resume, or start anew with --restart.`,
      { file: folder },
    );
  }
  if (unfinished === 'restart') {
    const planned = [...journal.head.shards.map((shard) => shard.file), ...plannedFiles(plan)];
    const sink = await createFolderSink(folder, source, { finished: [], planned });
    await journal.remove();
    return { journal, sink };
  }
  const leftovers = await leftoversOf(plan, files, journal, signal);
  return { journal, sink: await createFolderSink(folder, source, leftovers) };
}

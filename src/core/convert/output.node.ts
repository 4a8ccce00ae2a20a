import { LoomError } from '../errors.ts';
import type { ConversionPlan } from '../plan/types.ts';
import { claimFolder } from '../sink/claim.node.ts';
import { newFolderSink, reopenFolderSink } from '../sink/folder.node.ts';
import type { Leftovers, Sink } from '../sink/types.ts';
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
  /** What to do with an unfinished conversion: refuse, resume it, or remove it and start again. */
  readonly unfinished: 'refuse' | 'resume' | 'restart';
  readonly signal?: AbortSignal | undefined;
}

/**
 * A folder to convert into, and its journal, as they are once no other process writes there.
 *
 * @throws LoomError `output-unfinished`, `resume-refused`, and what `createFolderSink` throws. Nothing was removed then.
 * @example
 * ```ts
 * import { runPlan } from 'moe-loom/convert';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder, openFolderOutput } from 'moe-loom/node';
 * import { planConversion } from 'moe-loom/plan';
 * const files = await openFolder('model');
 * const plan = planConversion(await openCheckpoint(files), 'gate-up');
 * const output = await openFolderOutput('new-folder', plan, files, { unfinished: 'refuse' });
 * const report = await runPlan(plan, { files, ...output });
 * console.log(report.verified.equal); // → true
 * ```
 */
export async function openFolderOutput(
  folder: string,
  plan: ConversionPlan,
  files: FileSet,
  { source, unfinished, signal }: FolderOutputOptions,
): Promise<FolderOutput> {
  const before = await openFolderJournal(folder);
  if (before.head !== null && unfinished === 'refuse') throw isUnfinished(folder, before);
  const claim = await claimFolder(folder, before.head === null, source);
  try {
    const journal = await openFolderJournal(folder);
    if (journal.head === null) return { journal, sink: newFolderSink(claim) };
    if (unfinished === 'refuse') throw isUnfinished(folder, journal);
    const leftovers = unfinished === 'restart' ? allOf(journal, plan) : await leftoversOf(plan, files, journal, signal);
    const sink = await reopenFolderSink(claim, leftovers);
    if (unfinished === 'restart') await journal.remove();
    return { journal, sink };
  } catch (error) {
    await claim.giveBack();
    throw error;
  }
}

/** Everything that the unfinished conversion, or this one, may have written: none of it counts as finished. */
function allOf({ head }: Journal, plan: ConversionPlan): Leftovers {
  return { finished: [], planned: [...(head?.shards ?? []).map((shard) => shard.file), ...plannedFiles(plan)] };
}

function isUnfinished(folder: string, { head, finished }: Journal): LoomError {
  const shards = head?.shards.length ?? 0;
  const message = `${folder} holds an unfinished conversion to ${head?.target}: ${finished.size} of ${plural(shards, 'shard')} ${shards === 1 ? 'is' : 'are'} finished. Resume it with --resume, start again with --restart, or remove it with --discard.`;
  return new LoomError('output-unfinished', message, { file: folder });
}

import { LoomError } from '../errors.ts';
import type { ConversionPlan } from '../plan/types.ts';
import type { Leftovers } from '../sink/types.ts';
import type { FileSet } from '../source/types.ts';
import { formatBytes } from '../units.ts';
import { changedFiles } from './evidence.ts';
import { type Journal, type JournalHead, journalHead, plannedFiles, type SourceKey } from './journal.ts';

/**
 * What an unfinished output holds that this plan can go on from. Files whose key does not prove that they are what they
 * were are read again, as far as the finished shards were made of them.
 *
 * @throws LoomError `resume-refused`, saying in which way the source or the plan is another.
 */
export async function leftoversOf(
  plan: ConversionPlan,
  files: FileSet,
  journal: Journal,
  signal?: AbortSignal,
): Promise<Leftovers> {
  const now = await journalHead(plan, files, signal);
  const then = journal.head;
  if (then === null) throw refused('its journal cannot be read');
  const difference = differenceOf(then, now);
  if (difference !== null) throw refused(difference);
  const doubtful = movedSince(then.source.files, now.source.files);
  const changed = await changedFiles(doubtful, plan, journal.finished, files, signal);
  if (changed.length > 0) throw refused(`${namesOf(changed)} changed since`);
  return { finished: [...journal.finished.keys()], planned: plannedFiles(plan) };
}

function refused(why: string): LoomError {
  const message = `The unfinished conversion cannot be gone on with: ${why}. Start anew, or restore what changed.`;
  return new LoomError('resume-refused', message);
}

/** Files whose keys do not prove that they are what they were. */
export function movedSince(then: readonly SourceKey[], now: readonly SourceKey[]): string[] {
  const keys = new Map(then.map(({ name, key }) => [name, key]));
  return now.filter(({ name, key, firm }) => keys.get(name) !== key || !firm).map(({ name }) => name);
}

/** In which way `now` is not what was begun, or null. */
function differenceOf(then: JournalHead, now: JournalHead): string | null {
  if (then.target !== now.target) return `it was to ${then.target}, not to ${now.target}`;
  const before = then.layers?.join(', ') ?? 'all';
  const after = now.layers?.join(', ') ?? 'all';
  if (before !== after || then.scope !== now.scope)
    return `it was of layers ${before} (${then.scope}), not ${after} (${now.scope})`;
  const gone = then.source.files
    .map(({ name }) => name)
    .filter((name) => !now.source.files.some((file) => file.name === name));
  if (gone.length > 0) return `${namesOf(gone)} ${gone.length === 1 ? 'is' : 'are'} not in the source any more`;
  if (now.source.files.length !== then.source.files.length) return 'the source has other files';
  const shard = now.shards.findIndex(
    ({ file, byteLength }, index) => then.shards[index]?.file !== file || then.shards[index]?.byteLength !== byteLength,
  );
  if (shard >= 0 || then.shards.length !== now.shards.length) return sizesDiffer(then, now, Math.max(0, shard));
  return then.plan === now.plan
    ? null
    : 'the same files would be written otherwise (another config.json, or another version)';
}

function sizesDiffer(then: JournalHead, now: JournalHead, at: number): string {
  const text = (head: JournalHead) => {
    const shard = head.shards[at];
    return `${head.shards.length} shards${shard ? ` (${shard.file}: ${formatBytes(shard.byteLength)})` : ''}`;
  };
  return `it was cut into ${text(then)}, not into ${text(now)}`;
}

function namesOf(files: readonly string[]): string {
  const first = files.slice(0, 2);
  return first.join(', ') + (files.length > 2 ? ` and ${files.length - 2} more files` : '');
}

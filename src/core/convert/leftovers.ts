import { LoomError } from '../errors.ts';
import type { ConversionPlan } from '../plan/types.ts';
import type { Leftovers } from '../sink/types.ts';
import type { FileSet } from '../source/types.ts';
import { formatBytes } from '../units.ts';
import { changedFiles } from './evidence.ts';
import { type Journal, type JournalHead, journalHead, plannedFiles, type SourceKey } from './journal.ts';

/**
 * What an unfinished output holds that this plan can be resumed from.
 *
 * A source file with another key than before is refused, also where the bytes that the finished shards were made of are the
 * same: nothing is known of its other bytes. Where the key proves nothing (a browser's files), and where the source states
 * the same sha256 as before, which is checked at the end, those bytes are read again and compared.
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
  const { doubtful, changed } = movedSince(then.source.files, now.source.files);
  const other = changed.length > 0 ? changed : await changedFiles(doubtful, plan, journal.finished, files, signal);
  if (other.length > 0)
    throw refused(`${namesOf(other)} changed since (its size, its times or its content), so the rest may not fit`);
  return { finished: [...journal.finished.keys()], planned: plannedFiles(plan) };
}

function refused(why: string): LoomError {
  const message = `The unfinished conversion cannot be resumed: ${why}. Start again (--restart on the command line), or restore what changed.`;
  return new LoomError('resume-refused', message);
}

/** Files that are others than they were, and files of which the keys do not say. Pure. */
export function movedSince(
  then: readonly SourceKey[],
  now: readonly SourceKey[],
): { readonly changed: readonly string[]; readonly doubtful: readonly string[] } {
  const before = new Map(then.map((file) => [file.name, file]));
  const changed: string[] = [];
  const doubtful: string[] = [];
  for (const { name, key, firm = false, sha256 } of now) {
    const old = before.get(name);
    const stated = sha256 !== undefined && sha256 === old?.sha256;
    if (old?.key === key && firm) continue;
    if (firm && old?.firm && !stated) changed.push(name);
    else doubtful.push(name);
  }
  return { changed, doubtful };
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

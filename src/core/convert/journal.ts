import { LoomError } from '../errors.ts';
import { createDigester } from '../hash.ts';
import { spansOf } from '../plan/parts.ts';
import { REPORT_FILE } from '../plan/side-files.ts';
import type { ConversionPlan } from '../plan/types.ts';
import { INDEX_FILE } from '../safetensors/index-file.ts';
import type { Leftovers } from '../sink/types.ts';
import type { FileSet } from '../source/types.ts';
import { formatBytes } from '../units.ts';
import type { ShardDigests } from '../verify/read-back.ts';

/** What a journal is of: enough to refuse another plan or source, and to say in which way it is another. */
export interface JournalHead {
  readonly version: 1;
  /** SHA-256 over all that the plan would write and read. */
  readonly plan: string;
  readonly target: string;
  readonly scope: string;
  readonly layers: readonly number[] | null;
  readonly shards: readonly { readonly file: string; readonly byteLength: number }[];
  readonly source: {
    readonly identity: string;
    /** The files that the plan reads, each with what tells its content from another (`ByteSource.key`). */
    readonly files: readonly { readonly name: string; readonly key: string }[];
  };
}

/** A shard that was written and read back equal. */
export interface FinishedShard {
  readonly file: string;
  /** Tensor → hash of each of its parts, as the bytes came from the source. */
  readonly digests: readonly (readonly [string, readonly string[]])[];
  /** SHA-256 of the whole file, where it was asked for. */
  readonly sha256?: string | undefined;
}

/** What survives a killed process or a closed tab: how far a conversion came. */
export interface Journal {
  /** Null until `begin`: a new conversion. */
  readonly head: JournalHead | null;
  readonly finished: ReadonlyMap<string, FinishedShard>;
  begin(head: JournalHead): Promise<void>;
  /** Lasting once the promise settles. A shard that is added again replaces what was known of it. */
  add(shard: FinishedShard): Promise<void>;
  /** The conversion has ended, well or with everything taken back. */
  remove(): Promise<void>;
}

/** A file that a plan reads, with what tells its content from another. */
export type SourceKey = JournalHead['source']['files'][number];

/** The keys of the files that a plan reads, by name. Opens each, and reads none. */
export async function sourceKeys(plan: ConversionPlan, files: FileSet, signal?: AbortSignal): Promise<SourceKey[]> {
  const parts = plan.shards.flatMap((shard) => shard.tensors.flatMap((tensor) => tensor.parts));
  const spans = parts.flatMap((part) => (part.kind === 'bytes' ? [part.origin] : spansOf(part)));
  const keys: SourceKey[] = [];
  for (const name of [...new Set(spans.map((span) => span.file))].sort()) {
    const source = await files.open(name, { signal });
    keys.push({ name, key: source.key });
    await source.dispose?.();
  }
  return keys;
}

/** What a journal of this plan over these files begins with. */
export async function journalHead(plan: ConversionPlan, files: FileSet, signal?: AbortSignal): Promise<JournalHead> {
  return {
    version: 1,
    plan: await hashPlan(plan),
    target: plan.target,
    scope: plan.scope,
    layers: plan.layers,
    shards: plan.shards.map(({ file, byteLength }) => ({ file, byteLength })),
    source: { identity: files.identity, files: await sourceKeys(plan, files, signal) },
  };
}

async function hashPlan(plan: ConversionPlan): Promise<string> {
  const digester = await createDigester();
  const text = new TextEncoder();
  const put = (value: unknown) => digester.update(text.encode(`${JSON.stringify(value)}\n`));
  for (const { header, tensors, ...shard } of plan.shards) {
    put(shard);
    digester.update(header);
    for (const tensor of tensors) put({ name: tensor.name, parts: tensor.parts });
  }
  put([plan.index, plan.config?.text ?? null, plan.copies]);
  return digester.digest();
}

/**
 * What an unfinished output holds that this plan can go on from.
 *
 * @throws LoomError `resume-refused`, saying in which way the source or the plan is another.
 */
export function leftoversOf(plan: ConversionPlan, head: JournalHead, journal: Journal): Leftovers {
  const difference = journal.head === null ? 'its journal cannot be read' : differenceOf(journal.head, head);
  if (difference !== null) {
    throw new LoomError(
      'resume-refused',
      `The unfinished conversion cannot be gone on with: ${difference}. Start anew, or restore what changed.`,
    );
  }
  return { finished: [...journal.finished.keys()], planned: plannedFiles(plan) };
}

/** Every file that a run of this plan may write. */
export function plannedFiles(plan: ConversionPlan): string[] {
  const written = [...plan.shards, ...plan.copies].map(({ file }) => file);
  return [...written, REPORT_FILE, plan.config?.file ?? 'config.json', INDEX_FILE, 'README.md'];
}

/** In which way `now` is not what was begun, or null. */
function differenceOf(then: JournalHead, now: JournalHead): string | null {
  if (then.target !== now.target) return `it was to ${then.target}, not to ${now.target}`;
  const before = then.layers?.join(', ') ?? 'all';
  const after = now.layers?.join(', ') ?? 'all';
  if (before !== after || then.scope !== now.scope)
    return `it was of layers ${before} (${then.scope}), not ${after} (${now.scope})`;
  const keys = new Map(then.source.files.map(({ name, key }) => [name, key]));
  const changed = now.source.files.filter(({ name, key }) => keys.has(name) && keys.get(name) !== key);
  if (changed.length > 0) return `${namesOf(changed)} changed since`;
  const gone = then.source.files.filter(({ name }) => !now.source.files.some((file) => file.name === name));
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

function namesOf(files: readonly { readonly name: string }[]): string {
  const first = files.slice(0, 2).map(({ name }) => name);
  return first.join(', ') + (files.length > 2 ? ` and ${files.length - 2} more files` : '');
}

/** The digests of a finished shard, as read-back wants them. */
export function digestsOf(shard: FinishedShard): ShardDigests {
  return new Map(shard.digests);
}

import { createDigester } from '../hash.ts';
import { spansOf } from '../plan/parts.ts';
import { PICTURE_FILES, REPORT_FILE } from '../plan/side-files.ts';
import type { ConversionPlan } from '../plan/types.ts';
import { INDEX_FILE } from '../safetensors/index-file.ts';
import type { FileSet } from '../source/types.ts';
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
    /** The files that the plan reads, each with what tells its content from another (`ByteSource.key`, `firm`, `sha256`). */
    readonly files: readonly {
      readonly name: string;
      readonly key: string;
      readonly firm?: boolean | undefined;
      readonly sha256?: string | undefined;
    }[];
  };
}

/** A shard that was written and read back equal. */
export interface FinishedShard {
  readonly file: string;
  /** Tensor → hash of each of its parts, as the bytes came from the source. */
  readonly digests: readonly (readonly [string, readonly string[]])[];
  /** Tensor → for each part the hash of each span that a kernel made it of; only tensors that have such parts. */
  readonly inputs?: readonly (readonly [string, readonly (readonly string[])[]])[] | undefined;
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
  /** A finished shard is one no more: what it was made of is not right. Lasting once the promise settles. */
  forget(file: string): Promise<void>;
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
    const { key, firm = false, sha256 } = source;
    keys.push({ name, key, firm, ...(sha256 === undefined ? {} : { sha256 }) });
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

/** Every file that a run of this plan may write. */
export function plannedFiles(plan: ConversionPlan): string[] {
  const written = [...plan.shards, ...plan.copies].map(({ file }) => file);
  return [...written, REPORT_FILE, plan.config?.file ?? 'config.json', INDEX_FILE, 'README.md', ...PICTURE_FILES];
}

/** The digests of a finished shard, as read-back wants them. */
export function digestsOf(shard: FinishedShard): ShardDigests {
  return new Map(shard.digests);
}

import { type Budget, createBudget } from '../budget.ts';
import { mapConcurrent } from '../concurrency.ts';
import { ERROR_TAGS, isAbort, isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import type { EngineChoice } from '../kernels/engine.ts';
import { REPORT_FILE } from '../plan/side-files.ts';
import type { ConversionPlan, OutputShard } from '../plan/types.ts';
import { INDEX_FILE } from '../safetensors/index-file.ts';
import type { Sink } from '../sink/types.ts';
import type { FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';
import { digestsOf, type FinishedShard, type Journal, journalHead, type SourceKey, sourceKeys } from './journal.ts';
import { createProgress, type Progress, type ProgressMeter } from './progress.ts';
import { type ConversionReport, reportOf } from './report.ts';
import { createLocalRunners, type ShardHooks, type ShardRunners, whole } from './runners.ts';

export interface RunOptions {
  /** The files that the plan was made from. */
  readonly files: FileSet;
  readonly sink: Sink;
  /** Those who make the shards; they are disposed of at the end. Unless given: two shards at once in this thread. */
  readonly runners?: ShardRunners | undefined;
  /** Memory for buffers, and where kernels compute, for runners that are not given. */
  readonly budget?: Budget | undefined;
  readonly engine?: EngineChoice | undefined;
  /**
   * What survives an end before the end. With a journal, finished shards stay after a failure, and a run that finds
   * some goes on from them. The sink holds what {@link leftoversOf} found.
   */
  readonly journal?: Journal | undefined;
  /** SHA-256 of a finished file, in hex; asked for each shard while the next ones are made. */
  readonly sha256?: ((file: string, signal: AbortSignal | undefined) => Promise<string>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Awaited before each piece of work, for runners that are not given. */
  readonly gate?: (() => Promise<void>) | undefined;
}

/** Small files are copied in pieces of this size. */
const COPY_BYTES = 4 * MIB;
/** While one shard is flushed or read back, another is written. */
const SHARDS_AT_ONCE = 2;

/**
 * Runs a plan: writes its shards, reads every byte of them back and compares, then writes the files beside them, the
 * config and last the index.
 *
 * When it is cancelled, everything written is taken back, finished shards of earlier runs too. When it fails, everything
 * is taken back unless there is a journal and a finished shard to go on from.
 * @throws LoomError `not-convertible`, `cancelled`, `verify-failed`, and what source and sink throw.
 */
export async function runPlan(plan: ConversionPlan, options: RunOptions): Promise<ConversionReport> {
  const { sink, journal } = options;
  const runners = options.runners ?? localRunners(options);
  try {
    if (plan.refusals.length > 0) {
      throw new LoomError('not-convertible', plan.refusals.map((refusal) => refusal.message).join(' '), {
        refusals: plan.refusals.length,
      });
    }
    const report = await runAll(plan, options, runners);
    await journal?.remove();
    await sink.close?.();
    return report;
  } catch (error) {
    const stays = !isAbort(error) && journal !== undefined && journal.finished.size > 0;
    if (stays) await sink.close?.();
    else {
      await journal?.remove();
      await sink.discard();
    }
    throw error;
  } finally {
    await runners.dispose();
  }
}

function localRunners({ files, sink, engine, gate, budget = createBudget() }: RunOptions): ShardRunners {
  return createLocalRunners({ files, sink, budget, engine, gate, count: SHARDS_AT_ONCE });
}

async function runAll(plan: ConversionPlan, options: RunOptions, runners: ShardRunners): Promise<ConversionReport> {
  const { sink, signal, journal, files } = options;
  if (journal && journal.head === null) await journal.begin(await journalHead(plan, files, signal));
  // What was begun earlier is held to what it was begun from: whoever goes on with it has compared the two.
  const keys = journal?.head?.source.files ?? (await sourceKeys(plan, files, signal));
  const kept = new Set(journal?.finished.keys());
  const work: Work = {
    options,
    runners,
    kept,
    meter: createProgress(plan, kept, options.onProgress),
    digests: new Map(),
  };
  const shards = await mapConcurrent(
    plan.shards,
    runners.count,
    (shard, inner) => finishShard(shard, work, inner),
    signal,
  );
  await assertUnchanged(keys, files, signal);
  work.meter.finish();
  const sums = await sha256Of(shards, work);
  for (const { file } of plan.copies) await copyFile(options, file);
  const report = reportOf(plan, {
    source: files.identity,
    engine: runners.engine(),
    kept: kept.size,
    sha256: options.sha256 ? sums : null,
    seconds: work.meter.seconds(),
  });
  await writeText(sink, REPORT_FILE, `${JSON.stringify(report, null, 2)}\n`, signal);
  if (plan.config) await writeText(sink, plan.config.file ?? 'config.json', plan.config.text, signal);
  await writeText(sink, INDEX_FILE, plan.index, signal);
  work.meter.finish();
  return report;
}

interface Work {
  readonly options: RunOptions;
  readonly runners: ShardRunners;
  /** Shards of an earlier run, as long as they are what was written. */
  readonly kept: Set<string>;
  readonly meter: ProgressMeter;
  /** SHA-256 of finished files, under way. */
  readonly digests: Map<string, Promise<string>>;
}

/** Makes a shard, or proves the one that an earlier run left. */
async function finishShard(shard: OutputShard, work: Work, signal: AbortSignal): Promise<FinishedShard> {
  const { journal, sink } = work.options;
  throwIfAborted(signal);
  const known = journal?.finished.get(shard.file);
  if (known && (await isAsItWas(shard, known, work, signal))) {
    askSha256(known, work, signal);
    return known;
  }
  const made = await guarded(shard, work, (hooks) => work.runners.make(shard, hooks), signal);
  sink.adopt(shard.file);
  await journal?.add(made);
  askSha256(made, work, signal);
  return made;
}

/** False when a shard of an earlier run is not what was written: then it is gone. */
async function isAsItWas(shard: OutputShard, known: FinishedShard, work: Work, signal: AbortSignal): Promise<boolean> {
  try {
    await guarded(shard, work, (hooks) => work.runners.prove(shard, digestsOf(known), hooks), signal);
    return true;
  } catch (error) {
    if (!isLoomError(error) || signal.aborted || !isSpoilt(error)) throw error;
    await work.options.sink.remove(shard.file);
    work.kept.delete(shard.file);
    work.meter.again(shard);
    return false;
  }
}

/** True for what a shard of an earlier run may be found to be: gone, cut short, or not what was written. */
function isSpoilt(error: LoomError): boolean {
  return ERROR_TAGS[error.tag].exit === 1 || ['read-short', 'path-not-found', 'source-changed'].includes(error.tag);
}

async function guarded<T>(
  shard: OutputShard,
  { meter }: Work,
  task: (hooks: ShardHooks) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  let proven = false;
  try {
    const result = await task({
      signal,
      onPhase: (phase) => meter.enter(shard, phase),
      onWritten: (bytes) => meter.written(shard, bytes),
      onVerified: (bytes) => meter.verified(shard, bytes),
    });
    proven = true;
    return result;
  } finally {
    meter.leave(shard, proven);
  }
}

function askSha256(shard: FinishedShard, { options, digests }: Work, signal: AbortSignal): void {
  if (!options.sha256) return;
  const known = shard.sha256;
  const digest = known === undefined ? options.sha256(shard.file, signal) : Promise.resolve(known);
  digest.catch(() => undefined);
  digests.set(shard.file, digest);
}

/** Waits for the digests under way. */
async function sha256Of(shards: readonly FinishedShard[], { options, digests }: Work): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  for (const shard of shards) {
    const sum = await digests.get(shard.file);
    if (sum === undefined) continue;
    sums[shard.file] = sum;
    if (shard.sha256 === undefined) await options.journal?.add({ ...shard, sha256: sum });
  }
  return sums;
}

/** @throws LoomError `source-changed` when a file is not what it was when the run began. */
async function assertUnchanged(
  keys: readonly SourceKey[],
  files: FileSet,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { name, key } of keys) {
    const again = await files.open(name, { signal });
    await again.dispose?.();
    if (again.key !== key)
      throw new LoomError('source-changed', `${name} changed while it was being converted; run again.`, { file: name });
  }
}

async function copyFile({ files, sink, signal }: RunOptions, name: string): Promise<void> {
  const source = await files.open(name, { signal });
  try {
    await whole(sink, { file: name, byteLength: source.byteLength }, { signal }, async (file) => {
      for (let start = 0; start < source.byteLength; start += COPY_BYTES) {
        const end = Math.min(source.byteLength, start + COPY_BYTES);
        await file.write(await source.read({ start, end }, { signal }), start, { signal });
      }
    });
  } finally {
    await source.dispose?.();
  }
}

/** Writes a small text file, whole or not at all. */
export async function writeText(
  sink: Sink,
  name: string,
  text: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  await whole(sink, { file: name, byteLength: bytes.byteLength }, { signal }, (file) =>
    file.write(bytes, 0, { signal }),
  );
}

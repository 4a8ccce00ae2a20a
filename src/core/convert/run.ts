import { type Budget, createBudget } from '../budget.ts';
import { mapConcurrent } from '../concurrency.ts';
import { ERROR_TAGS, isAbort, isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import type { Helpers } from '../kernels/crew.ts';
import type { EngineChoice } from '../kernels/engine.ts';
import type { PICTURE_FILES } from '../plan/side-files.ts';
import type { ConversionPlan, OutputShard } from '../plan/types.ts';
import type { Sink } from '../sink/types.ts';
import type { FileSet } from '../source/types.ts';
import { type CreateStreamDigest, createStreamDigest } from '../verify/stream-digest.ts';
import { changedFiles } from './evidence.ts';
import { digestsOf, type FinishedShard, type Journal, journalHead, type SourceKey, sourceKeys } from './journal.ts';
import { createOutputWatch, type OutputWatch } from './output-watch.ts';
import { createProgress, type Progress, type ProgressMeter } from './progress.ts';
import { type ConversionReport, reportOf } from './report.ts';
import { createLocalRunners, type MadeShard, type ShardHooks, type ShardRunners } from './runners.ts';
import { createSourceCheck, type SourceCheck } from './source-check.ts';
import type { SourceHashes } from './source-hashes.ts';
import { sourcesOf } from './source-order.ts';
import { writeBeside } from './write-beside.ts';

export interface RunOptions {
  /** The files that the plan was made from. */
  readonly files: FileSet;
  readonly sink: Sink;
  /** Those who make the shards; they are disposed of at the end. Unless given: two shards at once in this thread. */
  readonly runners?: ShardRunners | undefined;
  /** Memory for buffers, and where kernels compute, for runners that are not given. */
  readonly budget?: Budget | undefined;
  readonly engine?: EngineChoice | undefined;
  /** Threads that compute for this one, for runners that are not given. */
  readonly helpers?: Helpers | undefined;
  /**
   * What survives an early end. With a journal, finished shards stay when the run fails or is cancelled, and a run that finds
   * some resumes from them. The sink holds what `leftoversOf` found.
   */
  readonly journal?: Journal | undefined;
  /** When the run is cancelled, finished shards are removed too, also with a journal. */
  readonly discard?: boolean | undefined;
  /** SHA-256 of a finished file, in hex; asked for each shard while the next ones are made. */
  readonly sha256?: ((file: string, signal: AbortSignal | undefined) => Promise<string>) | undefined;
  /** Where the SHA-256 of source files is worked out that state one; in this thread unless given. */
  readonly streamDigest?: CreateStreamDigest | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** The text of a README.md beside the result, written before the config; none unless given. */
  readonly card?: ((proof: ConversionReport['verified']) => string) | undefined;
  /** Drawings that the card shows, written before it: text by the name of the file, each one of `PICTURE_FILES`. */
  readonly pictures?: Readonly<Partial<Record<(typeof PICTURE_FILES)[number], string>>> | undefined;
  /** Awaited before each piece of work, for runners that are not given. */
  readonly gate?: (() => Promise<void>) | undefined;
}

/** While one shard is flushed or read back, another is written. */
const SHARDS_AT_ONCE = 2;

/**
 * Runs a plan: writes its shards, reads every byte of them back and compares, holds the source files to the SHA-256 that
 * is stated for them, then writes the files beside the shards, the config and last the index. Every shard is looked at
 * again before the first of these, and every file before and after the index. The source is then what it was.
 *
 * When it fails or is cancelled, everything is taken back unless there is a journal and a finished shard to resume from;
 * a shard that was made of a file with a wrong hash is not one. With `discard`, a cancel takes everything back.
 * @throws LoomError `not-convertible`, `cancelled`, `verify-failed`, `source-hash-wrong`, `source-changed`,
 * `output-changed`, and what source and sink throw.
 * @example
 * ```ts
 * import { createMemorySink, runPlan } from 'moe-loom/convert';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * import { planConversion } from 'moe-loom/plan';
 * const files = await openFolder('model');
 * const plan = planConversion(await openCheckpoint(files), 'stacked');
 * const { verified } = await runPlan(plan, { files, sink: createMemorySink() });
 * console.log(verified.equal, verified.tensors); // → true 38
 * ```
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
    const discards = options.discard === true && isAbort(error);
    if (!discards && journal !== undefined && journal.finished.size > 0) await sink.close?.();
    else {
      // The journal says which files are ours, so it goes after them.
      for (const file of [...(journal?.finished.keys() ?? [])]) await sink.remove(file).catch(() => undefined);
      await journal?.remove();
      await sink.discard();
    }
    throw error;
  } finally {
    await runners.dispose();
  }
}

function localRunners({ files, sink, engine, helpers, gate, budget = createBudget() }: RunOptions): ShardRunners {
  return createLocalRunners({ files, sink, budget, engine, helpers, gate, count: SHARDS_AT_ONCE });
}

async function runAll(plan: ConversionPlan, options: RunOptions, runners: ShardRunners): Promise<ConversionReport> {
  const { sink, journal, files } = options;
  const keys = await sourceKeys(plan, files, options.signal);
  if (journal && journal.head === null) await journal.begin(await journalHead(plan, files, options.signal));
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const check = createSourceCheck({
    plan,
    files,
    output: sink.files(),
    digest: options.streamDigest ?? createStreamDigest,
    signal,
    onError: () => stop.abort(),
  });
  const kept = new Set(journal?.finished.keys());
  const work: Work = {
    plan,
    options,
    runners,
    kept,
    check,
    watch: createOutputWatch(sink),
    meter: createProgress(plan, kept, options.onProgress),
    digests: new Map(),
  };
  try {
    const shards = await mapConcurrent(
      plan.shards,
      runners.count,
      (shard, inner) => finishShard(shard, work, inner),
      signal,
    ).catch(async (error: unknown) => {
      // What the check found has ended the shards too, and is what happened.
      if (stop.signal.aborted) await check.finish();
      throw error;
    });
    const sourceHashes = await check.finish();
    await assertUnchanged(keys, plan, shards, options);
    return await finish(shards, sourceHashes, work);
  } catch (error) {
    stop.abort();
    await check.settled();
    await dropMadeOfWrong(error, work);
    throw error;
  }
}

/** Writes what lies beside the shards; the index is last, and there only while everything else is. */
async function finish(
  shards: readonly FinishedShard[],
  sourceHashes: SourceHashes,
  work: Work,
): Promise<ConversionReport> {
  const { plan, options, runners, kept, meter, watch } = work;
  const { signal, files } = options;
  meter.finish();
  const sums = await sha256Of(shards, work);
  const proveAgain = async (file: string) => {
    const at = plan.shards.findIndex((shard) => shard.file === file);
    const [shard, made] = [plan.shards[at], shards[at]];
    if (shard && made) await runners.prove(shard, digestsOf(made), { signal, ...UNHEARD });
  };
  await watch.insist(proveAgain);
  const report = await writeBeside(plan, {
    ...options,
    note: (file) => watch.note(file),
    insist: () => watch.insist(proveAgain),
    report: (copied) =>
      reportOf(plan, {
        source: files.identity,
        engine: runners.engine(),
        kept: kept.size,
        sha256: options.sha256 ? sums : null,
        sourceHashes: { ...sourceHashes, checked: [...sourceHashes.checked, ...copied] },
        seconds: meter.seconds(),
      }),
  });
  meter.finish();
  return report;
}

/** Of work that is done a second time nothing is counted. */
const UNHEARD: Omit<ShardHooks, 'signal'> = { onPhase: () => {}, onWritten: () => {}, onVerified: () => {} };

interface Work {
  readonly plan: ConversionPlan;
  readonly options: RunOptions;
  readonly runners: ShardRunners;
  /** Shards of an earlier run, as long as they are what was written. */
  readonly kept: Set<string>;
  readonly check: SourceCheck;
  readonly watch: OutputWatch;
  readonly meter: ProgressMeter;
  /** SHA-256 of finished files, under way. */
  readonly digests: Map<string, Promise<string>>;
}

/** Makes a shard, or proves the one that an earlier run left. */
async function finishShard(shard: OutputShard, work: Work, signal: AbortSignal): Promise<FinishedShard> {
  throwIfAborted(signal);
  const known = work.options.journal?.finished.get(shard.file);
  const left = known ? await provenStill(shard, known, work, signal) : null;
  const { made, seen } = left ?? (await makeShard(shard, work, signal));
  await work.watch.note(shard.file, seen);
  work.check.finished(made);
  askSha256(made, work, signal);
  return made;
}

async function makeShard(shard: OutputShard, work: Work, signal: AbortSignal): Promise<MadeShard> {
  const { journal, sink } = work.options;
  const shardMade = await guarded(shard, work, (hooks) => work.runners.make(shard, hooks), signal);
  await sink.adopt(shard.file);
  await journal?.add(shardMade.made);
  return shardMade;
}

/** Takes back what was made of a source file that is not what its source states; the rest of the output stays. */
async function dropMadeOfWrong(error: unknown, { plan, options: { journal, sink } }: Work): Promise<void> {
  const file = isLoomError(error) && error.tag === 'source-hash-wrong' && error.fields.file;
  if (!file || !journal) return;
  for (const shard of plan.shards.filter((one) => sourcesOf(one).has(file))) {
    await journal.forget(shard.file);
    // A file that took its place stays; the error to tell is the one at hand.
    await sink.remove(shard.file).catch(() => undefined);
  }
}

/** Null when a shard of an earlier run is not what was written: then it is gone. */
async function provenStill(
  shard: OutputShard,
  known: FinishedShard,
  work: Work,
  signal: AbortSignal,
): Promise<MadeShard | null> {
  try {
    const prove = (hooks: ShardHooks) => work.runners.prove(shard, digestsOf(known), hooks);
    return { made: known, seen: await guarded(shard, work, prove, signal) };
  } catch (error) {
    if (!isLoomError(error) || signal.aborted || !isSpoilt(error)) throw error;
    await work.options.sink.remove(shard.file);
    work.kept.delete(shard.file);
    work.meter.again(shard);
    return null;
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

/**
 * A key that is another one does not say what changed: the bytes do, so these are read again.
 *
 * @throws LoomError `source-changed` when a file is not what it was when the run began.
 */
async function assertUnchanged(
  keys: readonly SourceKey[],
  plan: ConversionPlan,
  shards: readonly FinishedShard[],
  { files, signal }: RunOptions,
): Promise<void> {
  const moved: string[] = [];
  for (const { name, key } of keys) {
    const again = await files.open(name, { signal });
    await again.dispose?.();
    if (again.key !== key) moved.push(name);
  }
  const finished = new Map(shards.map((shard) => [shard.file, shard]));
  const [name] = await changedFiles(moved, plan, finished, files, signal);
  if (name === undefined) return;
  throw new LoomError('source-changed', `${name} changed while it was being converted; run again.`, { file: name });
}

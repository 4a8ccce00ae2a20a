import { type Budget, createBudget } from '../../budget.ts';
import { mapConcurrent } from '../../concurrency.ts';
import { isAbort, isLoomError, LoomError, throwIfAborted } from '../../errors.ts';
import type { Helpers } from '../../kernels/crew.ts';
import type { EngineChoice } from '../../kernels/engine.ts';
import type { ConversionPlan, OutputShard } from '../../plan/types.ts';
import { isTaken, type ShardLock } from '../../sink/shard-lock.node.ts';
import { openLocal } from '../../source/folder.node.ts';
import type { FileSet } from '../../source/types.ts';
import { type CreateStreamDigest, createStreamDigest } from '../../verify/stream-digest.ts';
import { changedFiles } from '../evidence.ts';
import { type FinishedShard, type SourceKey, sourceKeys } from '../journal.ts';
import type { PhaseSeconds } from '../phase-clock.ts';
import { assertSource, weightFiles, withPlannedHashes } from '../plan-file/source.ts';
import type { PlanFile } from '../plan-file/types.ts';
import { createProgress, type Progress, type ProgressMeter } from '../progress.ts';
import { createLocalRunners, type EngineUse, type ShardRunners } from '../runners.ts';
import { sha256File } from '../sha256.node.ts';
import { createSourceCheck, type SourceCheck } from '../source-check.ts';
import type { SourceHashes } from '../source-hashes.ts';
import { sourcesOf } from '../source-order.ts';
import type { PartPlace } from './place.node.ts';

export interface PartOptions {
  readonly place: PartPlace;
  readonly shards: readonly OutputShard[];
  /** The files that the plan was made from, wherever they lie on this machine. */
  readonly files: FileSet;
  /** Those who make the shards, into the place's sink; they are disposed of at the end. Unless given: two in this thread. */
  readonly runners?: ShardRunners | undefined;
  readonly budget?: Budget | undefined;
  readonly engine?: EngineChoice | undefined;
  readonly helpers?: Helpers | undefined;
  /** Shards that runners in this thread make at once: while one is flushed or read back, another is written. 2 unless given. */
  readonly shardsAtOnce?: number | undefined;
  /** Also work out the SHA-256 of each shard. */
  readonly sha256?: boolean | undefined;
  readonly streamDigest?: CreateStreamDigest | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What a run of a part did. */
export interface PartReport {
  /** Shards that this run made and proved. */
  readonly made: readonly string[];
  /** Shards that were whole and proven already. */
  readonly skipped: readonly string[];
  /** Bytes of the shards that were made. */
  readonly bytes: number;
  readonly sourceHashes: SourceHashes;
  readonly engine: EngineUse | null;
  readonly seconds: PhaseSeconds;
}

const SHARDS_AT_ONCE = 2;
const NOTHING: SourceHashes = { checked: [], unchecked: [], partlyRead: [] };

/**
 * Makes and proves the shards of a part that are not there yet. Each has its name only once it was read back equal; a shard
 * that another run is writing is left for the end, and then waited for if its holder may be gone.
 *
 * What is finished stays when the run fails or is cancelled; the same call goes on from it.
 * @throws LoomError `source-changed`, `output-in-use`, `verify-failed`, `source-hash-wrong`, `cancelled`, and what source and sink
 * throw.
 */
export async function runPart(planFile: PlanFile, options: PartOptions): Promise<PartReport> {
  const { place, files, signal } = options;
  const runners = options.runners ?? localRunners(options);
  try {
    const skipped: string[] = [];
    const known = new Map<OutputShard, FinishedShard>();
    for (const shard of options.shards) {
      throwIfAborted(signal);
      const finished = place.joined ? null : await place.finished(shard);
      if (finished) known.set(shard, finished);
      if (finished || place.joined) skipped.push(shard.file);
    }
    const missing = options.shards.filter((shard) => !skipped.includes(shard.file));
    if (missing.length === 0) {
      const seconds = { write: 0, verify: 0, rest: 0 };
      return { made: [], skipped, bytes: 0, sourceHashes: NOTHING, engine: null, seconds };
    }
    const names = weightFiles(missing);
    await assertSource(planFile.source, files, names, signal).catch(async (error: unknown) => {
      const [first] = missing;
      // One record is enough to say why nothing comes of the part.
      if (first && !isAbort(error) && !signal?.aborted) await place.noteFailure(first, error);
      throw error;
    });
    return await runMissing(planFile, options, runners, { missing, skipped, known });
  } finally {
    await runners.dispose();
  }
}

function localRunners(options: PartOptions): ShardRunners {
  const { place, files, engine, helpers, budget = createBudget(), shardsAtOnce = SHARDS_AT_ONCE } = options;
  return createLocalRunners({ files, sink: place.sink, budget, engine, helpers, count: shardsAtOnce });
}

interface Found {
  readonly missing: readonly OutputShard[];
  readonly skipped: string[];
  readonly known: ReadonlyMap<OutputShard, FinishedShard>;
}

interface Work {
  readonly options: PartOptions;
  readonly plan: ConversionPlan;
  readonly runners: ShardRunners;
  readonly keys: ReadonlyMap<string, SourceKey>;
  readonly meter: ProgressMeter;
  readonly check: SourceCheck;
  readonly made: OutputShard[];
  readonly skipped: string[];
}

async function runMissing(
  { plan, source }: PlanFile,
  options: PartOptions,
  runners: ShardRunners,
  { missing, skipped, known }: Found,
): Promise<PartReport> {
  const { place, files } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const part = { ...plan, shards: options.shards };
  const keys = await sourceKeys({ ...plan, shards: missing }, files, signal);
  const check = createSourceCheck({
    plan: part,
    files: withPlannedHashes(files, source),
    output: folderFiles(place.root),
    digest: options.streamDigest ?? createStreamDigest,
    signal,
    onError: () => stop.abort(),
  });
  const meter = createProgress({ ...plan, shards: missing }, new Set(), options.onProgress);
  const byName = new Map(keys.map((key) => [key.name, key]));
  const work: Work = { options, plan, runners, keys: byName, meter, check, made: [], skipped };
  for (const finished of known.values()) check.finished(finished);
  try {
    const held: OutputShard[] = [];
    await mapConcurrent(
      missing,
      runners.count,
      async (shard, inner) => {
        const lock = await place.locks.take(shard.file);
        if (isTaken(lock)) await finishShard(shard, lock, work, inner);
        else held.push(shard);
      },
      signal,
    ).catch(async (error: unknown) => {
      if (stop.signal.aborted) await check.finish();
      throw error;
    });
    for (const shard of held) await finishHeld(shard, work, signal);
    const sourceHashes = await check.finish();
    const { made } = work;
    const [engine, seconds] = [runners.engine(), meter.seconds()];
    if (made.length > 0) {
      const { checked, unchecked, partlyRead } = sourceHashes;
      const lists = { checked: [...checked], unchecked: [...unchecked], partlyRead: [...partlyRead] };
      const use = { ...engine, decisions: engine.decisions.map((decision) => ({ ...decision })) };
      await place.noteRun({ seconds, engine: use, sources: lists });
    }
    const bytes = made.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return { made: made.map(({ file }) => file).sort(), skipped, bytes, sourceHashes, engine, seconds };
  } catch (error) {
    stop.abort();
    await check.settled();
    await forgetMadeOfWrong(error, options);
    throw error;
  }
}

/** A shard that another run holds: it is finished there, or taken over. */
async function finishHeld(shard: OutputShard, work: Work, signal: AbortSignal): Promise<void> {
  const { place } = work.options;
  const lock = await place.locks.await(shard.file, signal).catch(async (error: unknown) => {
    if (!(await place.finished(shard))) throw error;
    return null;
  });
  if (lock) await finishShard(shard, lock, work, signal);
  else work.skipped.push(shard.file);
}

async function finishShard(shard: OutputShard, lock: ShardLock, work: Work, signal: AbortSignal): Promise<void> {
  const { place } = work.options;
  try {
    if (lock.after) await place.sweep(lock.after.token);
    const finished = await place.finished(shard);
    if (finished) {
      work.check.finished(finished);
      work.skipped.push(shard.file);
    } else await makeShard(shard, work, signal);
  } catch (error) {
    if (!isAbort(error) && !signal.aborted) await place.noteFailure(shard, error);
    await place.sink.remove(shard.file).catch(() => undefined);
    throw error;
  } finally {
    await lock.release();
  }
}

async function makeShard(shard: OutputShard, work: Work, signal: AbortSignal): Promise<void> {
  const { options, runners, meter, check } = work;
  const { place } = options;
  let proven = false;
  try {
    const { made } = await runners.make(shard, {
      signal,
      onPhase: (phase) => meter.enter(shard, phase),
      onWritten: (bytes) => meter.written(shard, bytes),
      onVerified: (bytes) => meter.verified(shard, bytes),
    });
    await assertUnchanged(shard, made, work, signal);
    const staged = place.staged(shard).slice(place.root.length + 1);
    const sha256 = options.sha256 ? await sha256File(place.root, staged, signal) : undefined;
    const all = sha256 === undefined ? made : { ...made, sha256 };
    throwIfAborted(signal);
    await place.publish(shard, all);
    proven = true;
    work.made.push(shard);
    check.finished(all);
  } finally {
    meter.leave(shard, proven);
  }
}

/** The source files of a shard are what they were when the run began; where a key moved, the bytes are read again. */
async function assertUnchanged(
  shard: OutputShard,
  made: FinishedShard,
  { keys, plan, options: { files } }: Work,
  signal: AbortSignal,
): Promise<void> {
  const moved: string[] = [];
  for (const name of sourcesOf(shard)) {
    const source = await files.open(name, { signal });
    await source.dispose?.();
    if (source.key !== keys.get(name)?.key) moved.push(name);
  }
  if (moved.length === 0) return;
  const one = { ...plan, shards: [shard] };
  const [name] = await changedFiles(moved, one, new Map([[shard.file, made]]), files, signal);
  if (name === undefined) return;
  const message = `${name} changed while ${shard.file} was made of it. Restore the source, then run this part again.`;
  throw new LoomError('source-changed', message, { file: name });
}

async function forgetMadeOfWrong(error: unknown, { place, shards }: PartOptions): Promise<void> {
  const file = isLoomError(error) && error.tag === 'source-hash-wrong' && error.fields.file;
  if (!file) return;
  for (const shard of shards.filter((one) => sourcesOf(one).has(file))) await place.forget(shard);
}

/** The finished shards, opened at use. */
function folderFiles(root: string): FileSet {
  return {
    identity: root,
    list: async (options) => (await openLocal(root)).list(options),
    open: async (name, options) => (await openLocal(root)).open(name, options),
  };
}

import { LoomError } from '../errors.ts';
import type { EngineChoice } from '../kernels/engine.ts';
import type { ConversionPlan, OutputShard } from '../plan/types.ts';
import { MIB } from '../units.ts';
import type { SeenFile, ShardDigests } from '../verify/read-back.ts';
import type { FinishedShard } from './journal.ts';
import { type EngineUse, mergeUses, type ShardHooks, type ShardRunners } from './runners.ts';

/** What a runner in another thread tells of the shard in its hands. */
export type ShardEvent =
  | { readonly type: 'phase'; readonly phase: 'write' | 'verify' }
  | { readonly type: 'bytes'; readonly written: number; readonly verified: number };

/** What a runner in another thread gives back: the finished shard, null where it was only proven. */
export interface ShardAnswer {
  readonly made: FinishedShard | null;
  readonly seen: SeenFile;
  readonly engine: EngineUse;
}

/** Null: to be written; else to be proven only. */
export type WantedDigests = ShardDigests | null;

/** What all runners of a job share: memory for each, and where kernels compute. */
export interface RunnerLimits {
  readonly budgetBytes: number;
  readonly engine: EngineChoice;
  /** How many runners there are; 1 unless given. */
  readonly threads?: number | undefined;
}

/** Counted bytes are told in lumps of at least this size: a message a write would cost more than the write. */
const TELL_BYTES = 8e6;

/** One shard in hand wants this much to keep reads, kernels and writes going at once. */
const RUNNER_BYTES = 96 * MIB;

/** How many runners of their own threads are worth it: one a core and for each 96 MiB, and never more than shards. */
export function runnersFitting(cores: number, memoryBytes: number, shards: number): number {
  return Math.max(1, Math.min(cores, Math.floor(memoryBytes / RUNNER_BYTES), shards));
}

/** Beyond these, what reads, hashes and writes is what bounds a runner. */
const MOST_HELPERS = 3;
const HELPERS_TOGETHER = 6;

/** Whether kernels make any part of the output: only then helpers have work. */
export function computes({ shards }: ConversionPlan): boolean {
  return shards.some(({ tensors }) =>
    tensors.some(({ parts }) => parts.some(({ kind }) => kind !== 'copy' && kind !== 'bytes')),
  );
}

/** How many helpers each of so many runners gets, where kernels compute: cores are left for the page and the system. */
export function helpersFitting(cores: number, runners: number): number {
  const free = Math.min(HELPERS_TOGETHER, cores - runners - 2);
  return Math.max(0, Math.min(MOST_HELPERS, Math.floor(free / runners)));
}

/** A runner in another thread, as its owner holds it. */
export interface RemoteRunner {
  work(shard: OutputShard, digests: WantedDigests, hooks: ShardHooks): Promise<ShardAnswer>;
  /** False once its thread has ended. */
  isAlive(): boolean;
  end(): Promise<void>;
}

/** At most `count` runners in threads of their own, each started when there is first a shard for it. */
export function createRemoteRunners(
  count: number,
  engine: EngineChoice,
  start: () => RemoteRunner | Promise<RemoteRunner>,
): ShardRunners {
  const all: RemoteRunner[] = [];
  const idle: RemoteRunner[] = [];
  const uses = new Map<RemoteRunner, EngineUse>();
  const begin = async () => {
    const runner = await start();
    all.push(runner);
    return runner;
  };
  const work = async (shard: OutputShard, digests: WantedDigests, hooks: ShardHooks) => {
    const runner = idle.pop() ?? (await begin());
    try {
      const { engine: use, ...answer } = await runner.work(shard, digests, hooks);
      uses.set(runner, use);
      return answer;
    } finally {
      if (runner.isAlive()) idle.push(runner);
    }
  };
  return {
    count,
    make: async (shard, hooks) => {
      const { made, seen } = await work(shard, null, hooks);
      if (made === null) throw new LoomError('internal', `Nothing is known about ${shard.file}.`, { file: shard.file });
      return { made, seen };
    },
    prove: async (shard, digests, hooks) => (await work(shard, digests, hooks)).seen,
    engine: () => (uses.size > 0 ? mergeUses([...uses.values()]) : { choice: engine, adapter: null, decisions: [] }),
    dispose: async () => {
      await Promise.all(all.map((runner) => runner.end()));
    },
  };
}

/** The other side: makes or proves a shard, and tells what happens to it. */
export async function answerShard(
  runners: ShardRunners,
  shard: OutputShard,
  digests: WantedDigests,
  signal: AbortSignal,
  tell: (event: ShardEvent) => void,
): Promise<ShardAnswer> {
  const { hooks, flush } = tellingHooks(signal, tell);
  const answer = digests
    ? { made: null, seen: await runners.prove(shard, digests, hooks) }
    : await runners.make(shard, hooks);
  flush();
  return { ...answer, engine: runners.engine() };
}

/** Hooks whose events go to another thread; `flush` tells what is counted and not yet told. */
function tellingHooks(
  signal: AbortSignal,
  tell: (event: ShardEvent) => void,
): { readonly hooks: ShardHooks; readonly flush: () => void } {
  let written = 0;
  let verified = 0;
  const flush = () => {
    if (written + verified > 0) tell({ type: 'bytes', written, verified });
    written = 0;
    verified = 0;
  };
  const flushFull = () => {
    if (written + verified >= TELL_BYTES) flush();
  };
  const hooks: ShardHooks = {
    signal,
    onPhase: (phase) => {
      flush();
      tell({ type: 'phase', phase });
    },
    onWritten: (bytes) => {
      written += bytes;
      flushFull();
    },
    onVerified: (bytes) => {
      verified += bytes;
      flushFull();
    },
  };
  return { hooks, flush };
}

/** Passes an event of another thread on to this one's hooks. */
export function hearEvent(event: ShardEvent, { onPhase, onWritten, onVerified }: ShardHooks): void {
  if (event.type === 'phase') onPhase(event.phase);
  else {
    if (event.written > 0) onWritten(event.written);
    if (event.verified > 0) onVerified(event.verified);
  }
}

import {
  type ConversionPlan,
  type EngineUse,
  type FinishedShard,
  hearEvent,
  LoomError,
  MIB,
  mergeUses,
  type OutputShard,
  type ShardHooks,
  type ShardRunners,
  type WantedDigests,
} from '../src/core/index.ts';
import type { ConvertRequest, RunnerApi, WorkSettings } from './convert-protocol.ts';
import { type Supervised, supervise } from './supervise.ts';

/** One shard in hand wants this much to keep reads, kernels and writes going at once. */
const RUNNER_BYTES = 96 * MIB;

/** Runners in workers of their own, with what pauses them. */
export interface RunnerPool extends ShardRunners {
  pause(): void;
  resume(): void;
}

/**
 * A worker for each core and each 96 MiB of memory, where that helps: local files into browser storage. Null elsewhere:
 * the Hub's bytes come through one door, and a picked folder is written by the worker that owns it.
 */
export function createRunnerPool(
  { source, sink }: ConvertRequest,
  plan: ConversionPlan,
  { memoryBytes, engine }: WorkSettings,
): RunnerPool | null {
  if (source.kind === 'hub' || sink.kind !== 'opfs') return null;
  const fitting = Math.max(1, Math.floor(memoryBytes / RUNNER_BYTES));
  const count = Math.min(navigator.hardwareConcurrency || 1, fitting, plan.shards.length);
  if (count < 2) return null;
  const limits = { budgetBytes: Math.floor(memoryBytes / count), engine };
  const all: Supervised<RunnerApi>[] = [];
  const idle: Supervised<RunnerApi>[] = [];
  const uses = new Map<Supervised<RunnerApi>, EngineUse>();
  let paused = false;
  const start = async (): Promise<Supervised<RunnerApi>> => {
    const runner = startRunner();
    all.push(runner);
    await runner.call.start(source, sink.job, limits);
    if (paused) await runner.call.pause();
    return runner;
  };
  const work = async (shard: OutputShard, digests: WantedDigests, hooks: ShardHooks) => {
    const runner = idle.pop() ?? (await start());
    const signal = hooks.signal ?? new AbortController().signal;
    try {
      const answer = await runner.call.work(shard, digests, (event) => hearEvent(event, hooks), signal);
      uses.set(runner, answer.engine);
      return answer.made;
    } finally {
      if (!runner.death()) idle.push(runner);
    }
  };
  return {
    count,
    make: async (shard, hooks): Promise<FinishedShard> => {
      const made = await work(shard, null, hooks);
      if (made === null) throw new LoomError('internal', `Nothing is known of ${shard.file}.`, { file: shard.file });
      return made;
    },
    prove: async (shard, digests, hooks) => void (await work(shard, digests, hooks)),
    engine: () => (uses.size > 0 ? mergeUses([...uses.values()]) : { choice: engine, adapter: null, decisions: [] }),
    pause: () => {
      paused = true;
      for (const runner of all) void runner.call.pause().catch(() => undefined);
    },
    resume: () => {
      paused = false;
      for (const runner of all) void runner.call.resume().catch(() => undefined);
    },
    dispose: async () => {
      for (const runner of all) runner.dispose();
    },
  };
}

/** Hashes finished files, one after another, in a worker of its own: that is slower than any disk. */
export function createSummer(sink: ConvertRequest['sink']): {
  readonly sum: (file: string, signal: AbortSignal | undefined) => Promise<string>;
  readonly dispose: () => void;
} {
  const runner = startRunner();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    sum: (file, signal) => {
      const mine = turn.then(() => runner.call.sha256(sink, file, signal ?? new AbortController().signal));
      turn = mine.catch(() => undefined);
      return mine;
    },
    dispose: runner.dispose,
  };
}

function startRunner(): Supervised<RunnerApi> {
  const worker = new Worker(new URL('./runner.worker.ts', import.meta.url), { type: 'module', name: 'runner' });
  return supervise<RunnerApi>(worker, 'converting worker');
}

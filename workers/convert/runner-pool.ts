import {
  type ConversionPlan,
  type CreateStreamDigest,
  computes,
  createRemoteRunners,
  hearEvent,
  helpersFitting,
  type RemoteRunner,
  runnersFitting,
  type ShardRunners,
} from '../../src/core/index.ts';
import { createCrew } from '../compute/crew.ts';
import { startDeviceOwner } from '../device/owner.ts';
import { type Supervised, supervise } from '../link/supervise.ts';
import { createWorkerDigest } from './digest.ts';
import type { ConvertRequest, RunnerApi, WorkSettings } from './protocol.ts';

/** For calls that nothing stops. */
const NEVER = new AbortController().signal;

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
  const count = runnersFitting(cores(), memoryBytes, plan.shards.length);
  if (count < 2) return null;
  const crew = createCrew();
  const helping = computes(plan) ? helpersFitting(cores(), count) : 0;
  const limits = { budgetBytes: Math.floor(memoryBytes / count), engine, threads: count };
  const owner = mayUseDevice(plan, engine) ? startDeviceOwner() : null;
  const started: Supervised<RunnerApi>[] = [];
  owner?.onDeath((reason) => {
    for (const runner of started) void runner.call.deviceEnded(reason).catch(() => undefined);
  });
  let paused = false;
  crew.onDeath((at, reason) => {
    const runner = started[Math.floor(at / helping)];
    void runner?.call.helperEnded(at % helping, reason).catch(() => undefined);
  });
  const start = async (): Promise<RemoteRunner> => {
    const runner = startRunner();
    started.push(runner);
    for (const port of crew.connect(helping)) void runner.call.help(port).catch(() => undefined);
    await runner.call.start(source, sink.job, limits, owner?.connect() ?? null).catch((error: unknown) => {
      runner.dispose();
      throw error;
    });
    if (paused) await runner.call.pause();
    return {
      work: (shard, digests, hooks) =>
        runner.call.work(shard, digests, (event) => hearEvent(event, hooks), hooks.signal ?? NEVER),
      isAlive: () => runner.death() === null,
      end: async () => runner.dispose(),
    };
  };
  const runners = createRemoteRunners(count, engine, start);
  return {
    ...runners,
    dispose: async () => {
      await runners.dispose();
      owner?.dispose();
      crew.dispose();
    },
    pause: () => {
      paused = true;
      for (const runner of started) void runner.call.pause().catch(() => undefined);
    },
    resume: () => {
      paused = false;
      for (const runner of started) void runner.call.resume().catch(() => undefined);
    },
  };
}

/** Processors that a page may use. */
export function cores(): number {
  return navigator.hardwareConcurrency || 1;
}

/** `auto` leaves numbers that the CPU computes in any case to it: only moved bytes may go to a device then. */
function mayUseDevice({ shards }: ConversionPlan, engine: WorkSettings['engine']): boolean {
  if (engine !== 'auto') return engine === 'webgpu';
  return shards.some(({ tensors }) => tensors.some(({ parts }) => parts.some(({ kind }) => kind === 'gather')));
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
      const mine = turn.then(() => runner.call.sha256(sink, file, signal ?? NEVER));
      turn = mine.catch(() => undefined);
      return mine;
    },
    dispose: runner.dispose,
  };
}

/** SHA-256 of what a conversion read, in a worker of its own that is started where there is something to hash. */
export function createDigests(): { readonly create: CreateStreamDigest; readonly dispose: () => void } {
  let runner: Supervised<RunnerApi> | null = null;
  const start = () => {
    runner ??= startRunner();
    return runner;
  };
  return { create: createWorkerDigest(start), dispose: () => runner?.dispose() };
}

/** The name by which a converting worker's script knows that it was started as a runner: they share nearly all of their code. */
export const RUNNER = 'runner';

/** To be called in a converting worker, whose own script it starts. */
function startRunner(): Supervised<RunnerApi> {
  const worker = new Worker(self.location.href, { type: 'module', name: RUNNER });
  return supervise<RunnerApi>(worker, 'converting worker');
}

import { type MessagePort, Worker } from 'node:worker_threads';
import { createBudget } from '../budget.ts';
import { type ErrorWire, fromWire, LoomError, toWire } from '../errors.ts';
import type { OutputShard } from '../plan/types.ts';
import { createFolderFile, removeOwn } from '../sink/folder-file.node.ts';
import { createLedger } from '../sink/ledger.node.ts';
import { openLocal } from '../source/folder.node.ts';
import {
  answerShard,
  createRemoteRunners,
  hearEvent,
  type RemoteRunner,
  type RunnerLimits,
  type ShardAnswer,
  type ShardEvent,
  type WantedDigests,
} from './remote.ts';
import { createLocalRunners, type LocalRunnerOptions, type ShardRunners } from './runners.ts';

/** What a thread needs to know to make shards: everything is a path or a number. */
export interface ThreadSetup extends RunnerLimits {
  /** The local file or folder that is read. */
  readonly source: string;
  /** The output folder, which exists and is locked. */
  readonly out: string;
}

interface Task {
  readonly shard: OutputShard;
  readonly digests: WantedDigests;
}

type ToThread = { readonly type: 'task'; readonly task: Task } | { readonly type: 'abort' };

type FromThread =
  | ShardEvent
  | ({ readonly type: 'done' } & ShardAnswer)
  | { readonly type: 'failed'; readonly error: ErrorWire };

/** One thread a runner, each with its own buffers, files and kernels. `script` calls {@link serveShards} in a thread. */
export function createThreadRunners(script: URL, setup: ThreadSetup, count: number): ShardRunners {
  return createRemoteRunners(count, setup.engine, () => startThread(script, { ...setup, threads: count }));
}

function startThread(script: URL, setup: ThreadSetup): RemoteRunner {
  const worker = new Worker(script, { workerData: setup });
  const send = (message: ToThread) => worker.postMessage(message);
  let settle: ((outcome: FromThread & { type: 'done' | 'failed' }) => void) | null = null;
  let hear: (event: ShardEvent) => void = () => {};
  let death: LoomError | null = null;
  const die = (reason: string) => {
    death ??= new LoomError('internal', `A converting thread ended: ${reason}.`);
    settle?.({ type: 'failed', error: toWire(death) });
  };
  worker.on('message', (message: FromThread) => {
    if (message.type === 'done' || message.type === 'failed') settle?.(message);
    else hear(message);
  });
  worker.on('error', (error) => die(error.message));
  worker.on('exit', (code) => die(`exit code ${code}`));
  return {
    work: async (shard, digests, hooks) => {
      const { signal } = hooks;
      if (death) throw death;
      hear = (event) => hearEvent(event, hooks);
      const stop = () => send({ type: 'abort' });
      signal?.addEventListener('abort', stop, { once: true });
      try {
        const outcome = await new Promise<FromThread & { type: 'done' | 'failed' }>((resolve) => {
          settle = resolve;
          send({ type: 'task', task: { shard, digests } });
          if (signal?.aborted) stop();
        });
        if (outcome.type === 'failed') throw fromWire(outcome.error);
        return outcome;
      } finally {
        settle = null;
        signal?.removeEventListener('abort', stop);
      }
    },
    isAlive: () => death === null,
    end: async () => void (await worker.terminate()),
  };
}

/**
 * A thread's own side: makes the shards that its port asks for, one after another, until it is ended. `create`: with other
 * runners than a conversion's, to measure what a part of the work costs.
 */
export async function serveShards(
  port: MessagePort,
  setup: ThreadSetup,
  create: (options: LocalRunnerOptions) => ShardRunners = createLocalRunners,
): Promise<void> {
  const files = await openLocal(setup.source);
  const tell = (message: FromThread) => port.postMessage(message);
  const ledger = createLedger(setup.out);
  const runners = create({
    files,
    budget: createBudget(setup.budgetBytes),
    engine: setup.engine,
    threads: setup.threads,
    sink: {
      create: (name, byteLength) => createFolderFile(setup.out, name, byteLength, ledger, () => {}),
      files: () => ({
        identity: setup.out,
        list: async (options) => (await openLocal(setup.out)).list(options),
        open: async (name, options) => (await openLocal(setup.out)).open(name, options),
      }),
      remove: (name) => removeOwn(setup.out, name, ledger),
    },
  });
  let abort = new AbortController();
  port.on('message', (message: ToThread) => {
    if (message.type === 'abort') return abort.abort();
    abort = new AbortController();
    void perform(message.task, runners, abort.signal, tell);
  });
}

async function perform(
  { shard, digests }: Task,
  runners: ShardRunners,
  signal: AbortSignal,
  tell: (message: FromThread) => void,
): Promise<void> {
  try {
    tell({ type: 'done', ...(await answerShard(runners, shard, digests, signal, tell)) });
  } catch (error) {
    tell({ type: 'failed', error: toWire(error) });
  }
}

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { createBudget } from '../budget.ts';
import { type ErrorWire, fromWire, LoomError, toWire } from '../errors.ts';
import { createHelpers, type Helpers, serveHelper } from '../kernels/crew.ts';
import type { OutputShard } from '../plan/types.ts';
import { createFolderFile, removeOwn } from '../sink/folder-file.node.ts';
import { createLedger } from '../sink/ledger.node.ts';
import { createStagedSink } from '../sink/staged.node.ts';
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
  /** Where several machines write to the folder: what names of unfinished files have of this run (`createStagedSink`). */
  readonly staged?: string | undefined;
}

/** What a thread is started for: to make shards, with helpers behind ports, or to help. */
export type ThreadData =
  | { readonly role: 'runner'; readonly setup: ThreadSetup; readonly helpers: readonly MessagePort[] }
  | { readonly role: 'helper'; readonly port: MessagePort };

interface Task {
  readonly shard: OutputShard;
  readonly digests: WantedDigests;
}

type ToThread = { readonly type: 'task'; readonly task: Task } | { readonly type: 'abort' };

type FromThread =
  | ShardEvent
  | ({ readonly type: 'done' } & ShardAnswer)
  | { readonly type: 'failed'; readonly error: ErrorWire };

/**
 * One thread a runner, each with its own buffers, files and kernels, and with so many threads that compute for it. `script`
 * calls {@link serveThread} in a thread.
 */
export function createThreadRunners(script: URL, setup: ThreadSetup, count: number, helping = 0): ShardRunners {
  const crew = createCrew(script);
  const start = () => startThread(script, { ...setup, threads: count }, crew.connect(helping));
  const runners = createRemoteRunners(count, setup.engine, start);
  return {
    ...runners,
    dispose: async () => {
      await runners.dispose();
      await crew.end();
    },
  };
}

/** Threads that compute for this one. */
export function createThreadHelpers(script: URL, count: number): { readonly helpers: Helpers; end(): Promise<void> } {
  const crew = createCrew(script);
  return { helpers: createHelpers(domPorts(crew.connect(count))), end: crew.end };
}

/** Threads that compute for others. One that ends closes its port, and those at the other end compute themselves. */
function createCrew(script: URL) {
  const all: Worker[] = [];
  const start = () => {
    const { port1, port2 } = new MessageChannel();
    const data: ThreadData = { role: 'helper', port: port1 };
    const worker = new Worker(script, { workerData: data, transferList: [port1] });
    worker.on('error', () => undefined);
    worker.unref();
    all.push(worker);
    return port2;
  };
  return {
    connect: (count: number) => Array.from({ length: count }, start),
    end: async () => void (await Promise.all(all.map((worker) => worker.terminate()))),
  };
}

/** Node's ports have what pages' ports have. */
function domPorts(ports: readonly MessagePort[]) {
  return ports as unknown as readonly globalThis.MessagePort[];
}

/** What a thread does, by what it was started for. */
export async function serveThread(port: MessagePort, data: ThreadData): Promise<void> {
  if (data.role === 'runner') return serveShards(port, data.setup, data.helpers);
  const [helped] = domPorts([data.port]);
  if (helped) serveHelper(helped);
}

function startThread(script: URL, setup: ThreadSetup, helpers: readonly MessagePort[]): RemoteRunner {
  const data: ThreadData = { role: 'runner', setup, helpers };
  const worker = new Worker(script, { workerData: data, transferList: [...helpers] });
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
  helpers: readonly MessagePort[] = [],
  create: (options: LocalRunnerOptions) => ShardRunners = createLocalRunners,
): Promise<void> {
  const files = await openLocal(setup.source);
  const tell = (message: FromThread) => port.postMessage(message);
  const runners = create({
    files,
    budget: createBudget(setup.budgetBytes),
    engine: setup.engine,
    threads: setup.threads,
    helpers: helpers.length > 0 ? createHelpers(domPorts(helpers)) : undefined,
    sink: setup.staged === undefined ? folderSink(setup.out) : createStagedSink(setup.out, setup.staged),
  });
  let abort = new AbortController();
  port.on('message', (message: ToThread) => {
    if (message.type === 'abort') return abort.abort();
    abort = new AbortController();
    void perform(message.task, runners, abort.signal, tell);
  });
}

function folderSink(out: string): LocalRunnerOptions['sink'] {
  const ledger = createLedger(out);
  return {
    create: (name, byteLength) => createFolderFile(out, name, byteLength, ledger, () => {}),
    files: () => ({
      identity: out,
      list: async (options) => (await openLocal(out)).list(options),
      open: async (name, options) => (await openLocal(out)).open(name, options),
    }),
    remove: (name) => removeOwn(out, name, ledger),
  };
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

import {
  answerShard,
  createBudget,
  createHelpers,
  createLocalRunners,
  createPortDevices,
  directoryFiles,
  jobFiles,
  LoomError,
  openOpfsFolder,
  type PortDevices,
  type ShardRunners,
  sha256Of,
} from '../../src/core/index.ts';
import { createFlusher } from '../link/flusher.ts';
import { openSource } from '../link/sources.ts';
import { serveDigest } from './digest.ts';
import type { RunnerApi } from './protocol.ts';
import { createGate } from './session.ts';

const gate = createGate();
let runners: ShardRunners | null = null;
let device: PortDevices | null = null;
const helpers = createHelpers();

/** What a worker that makes or proves shards for a converting one answers. */
export const runnerApi: RunnerApi = {
  help: helpers.add,
  helperEnded: helpers.end,
  start: async (source, job, { budgetBytes, ...limits }, port) => {
    device = port ? createPortDevices(port) : null;
    const { files } = await openSource(source, { signal: new AbortController().signal });
    const sink = await openOpfsFolder(job, createFlusher());
    const wait = () => gate.wait(stopped.signal);
    const others = { devices: device ?? undefined, helpers };
    runners = createLocalRunners({ files, sink, ...limits, budget: createBudget(budgetBytes), ...others, gate: wait });
  },
  work: async (shard, digests, onEvent, signal) => {
    if (!runners) throw new LoomError('internal', 'The runner was not started.');
    stopped = { signal };
    return answerShard(runners, shard, digests, signal, (event) => void onEvent(event));
  },
  sha256: async (sink, name, signal) => {
    if (sink.kind === 'memory') throw new LoomError('internal', 'The memory of another worker cannot be read.');
    const files = sink.kind === 'opfs' ? await jobFiles(sink.job) : directoryFiles(sink.handle);
    return sha256Of(files, name, signal);
  },
  digest: serveDigest,
  deviceEnded: (reason) => device?.end(reason),
  pause: gate.pause,
  resume: gate.resume,
};

/** The signal of the shard in hand, which also ends a pause. */
let stopped: { readonly signal: AbortSignal } = new AbortController();

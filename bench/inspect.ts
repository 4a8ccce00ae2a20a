/**
 * Opening Qwen3-235B-A22B (118 shards, 470 GB, virtual) on a loopback Hub, a process of its own, at 0, 50 and 200 ms
 * added to each exchange: ours and `parseSafetensorsMetadata` of @huggingface/hub in turns, both counting parameters.
 * One JSON line; medians.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseSafetensorsMetadata } from '@huggingface/hub';
import type { JournalEntry } from '../e2e/support/hub/exchange.ts';
import { openCheckpoint } from '../src/core/checkpoint/open.ts';
import { createManners } from '../src/core/hub/manners.ts';
import { openHubRepo } from '../src/core/hub/repo.ts';
import { elementsOf } from '../src/core/safetensors/dtype.ts';

const REPO = 'Qwen/Qwen3-235B-A22B';
const PARAMETERS = 235_093_634_560;
const LATENCIES_MS = [0, 50, 200];
const RUNS = 3;

interface Run {
  readonly exchanges: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly firstSeconds: number | null;
}

/** The fixture Hub, and the port that steers it. */
interface Hub {
  readonly url: string;
  readonly controlUrl: string;
  readonly process: ChildProcess;
}

async function startHub(): Promise<Hub> {
  const main = fileURLToPath(new URL('../e2e/support/hub/main.ts', import.meta.url));
  const args = [...process.execArgv, main, '--port', '0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let url = '';
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, address = ''] = line.split(/\s+/);
    if (word === 'Hub') url = address;
    if (word === 'Control') return { url, controlUrl: address, process: child };
  }
  throw new Error('the fixture Hub did not start');
}

async function control(hub: Hub, method: string, call: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${hub.controlUrl}/${call}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  return answer.json();
}

type Opener = (hub: Hub, onFirst: () => void) => Promise<number>;

/** With manners of its own: a run must not wait for the quota that the runs before it used. */
const ours: Opener = async (hub, onFirst) => {
  const repo = await openHubRepo(REPO, { endpoint: hub.url, ...createManners() });
  const onShard = ({ done }: { readonly done: number }) => {
    if (done === 1) onFirst();
  };
  const { tensors } = await openCheckpoint(repo, { index: 'later', onShard });
  let parameters = 0;
  for (const { shape } of tensors.values()) parameters += elementsOf(shape);
  return parameters;
};

const library: Opener = async (hub) => {
  const { parameterCount } = await parseSafetensorsMetadata({
    repo: REPO,
    hubUrl: hub.url,
    computeParametersCount: true,
  });
  return parameterCount.BF16 ?? 0;
};

async function run(hub: Hub, open: Opener): Promise<Run> {
  await control(hub, 'DELETE', '__log');
  const start = performance.now();
  let first: number | null = null;
  const parameters = await open(hub, () => {
    first = performance.now() - start;
  });
  const seconds = (performance.now() - start) / 1000;
  if (parameters !== PARAMETERS) throw new Error(`${parameters} parameters instead of ${PARAMETERS}`);
  const journal = (await control(hub, 'GET', '__log')) as readonly JournalEntry[];
  const bytes = journal.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  return { exchanges: journal.length, bytes, seconds, firstSeconds: first === null ? null : first / 1000 };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function summary(runs: readonly Run[]) {
  const seconds = median(runs.map((one) => one.seconds));
  const firsts = runs.flatMap(({ firstSeconds }) => firstSeconds ?? []);
  return {
    exchanges: median(runs.map(({ exchanges }) => exchanges)),
    bytes: median(runs.map(({ bytes }) => bytes)),
    seconds: rounded(seconds),
    ...(firsts.length > 0 ? { first_map_seconds: rounded(median(firsts)) } : {}),
  };
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}

async function compare(hub: Hub, latency: number) {
  const runs: { ours: Run[]; library: Run[] } = { ours: [], library: [] };
  await control(hub, 'DELETE', '__faults');
  if (latency > 0) await control(hub, 'POST', '__faults', { action: { type: 'ttfb', ms: latency } });
  for (let i = 0; i < RUNS; i++) {
    runs.ours.push(await run(hub, ours));
    runs.library.push(await run(hub, library));
  }
  const [mine, other] = [summary(runs.ours), summary(runs.library)];
  return { latency_ms: latency, ours: mine, library: other, ratio: rounded(other.seconds / mine.seconds) };
}

const hub = await startHub();
// Both run once unmeasured: the fixture makes headers and hashes when they are first asked for.
await run(hub, ours);
await run(hub, library);
const results = [];
for (const latency of LATENCIES_MS) results.push(await compare(hub, latency));
hub.process.kill();
process.stdout.write(`${JSON.stringify({ bench: 'inspect', repo: REPO, runs: RUNS, results })}\n`);

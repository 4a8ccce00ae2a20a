import { afterEach, describe, expect, it } from 'vitest';
import {
  blobFiles,
  type ConversionPlan,
  type FileSet,
  jobFiles,
  listJobs,
  listJournals,
  MIB,
  openCheckpoint,
  planConversion,
  removeJob,
  removeJournal,
  type Target,
} from '../../src/core/index.ts';
import type { NamedFile } from '../inspect/protocol.ts';
import { type Supervised, supervise } from '../link/supervise.ts';
import type { ConvertApi, ConvertEvent, ConvertRequest, SinkDescriptor } from './protocol.ts';

const HUB = '/fixtures/checkpoints/qwen3_moe/hub';
const NAMES = [
  'config.json',
  'generation_config.json',
  'model.safetensors.index.json',
  ...[1, 2, 3].map((number) => `model-0000${number}-of-00003.safetensors`),
];

const clients: Supervised<ConvertApi>[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.dispose();
  for (const { job } of await listJobs()) await removeJob(job);
  for (const { job } of await listJournals()) await removeJournal(job);
});

async function load(address: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function fixture(): Promise<NamedFile[]> {
  return Promise.all(
    NAMES.map(async (name) => ({ path: `qwen3_moe/${name}`, file: new File([await load(`${HUB}/${name}`)], name) })),
  );
}

interface Run {
  readonly client: Supervised<ConvertApi>;
  readonly events: ConvertEvent[];
  readonly controller: AbortController;
  readonly done: ReturnType<Supervised<ConvertApi>['call']['run']>;
}

function start(
  files: readonly NamedFile[],
  plan: ConversionPlan,
  sink: SinkDescriptor,
  onEvent = (_: ConvertEvent, __: Run['controller']) => {},
  more: Pick<ConvertRequest, 'record' | 'settings'> = {},
): Run {
  const worker = new Worker(new URL('./convert.worker.ts', import.meta.url), { type: 'module' });
  const client = supervise<ConvertApi>(worker, 'conversion');
  clients.push(client);
  const controller = new AbortController();
  const events: ConvertEvent[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(plan);
  port1.close();
  const hear = (event: ConvertEvent) => {
    events.push(event);
    onEvent(event, controller);
  };
  const done = client.call.run(
    { source: { kind: 'files', name: 'qwen3_moe', files }, sink, ...more },
    port2,
    hear,
    controller.signal,
  );
  return { client, events, controller, done };
}

async function planFor(files: readonly NamedFile[], target: Target, maxShardBytes?: number): Promise<ConversionPlan> {
  return planConversion(await openCheckpoint(blobFiles('qwen3_moe', files)), target, { maxShardBytes });
}

/** Name → dtype, shape and bytes of every tensor. */
async function tensorsOf(files: FileSet): Promise<Map<string, string>> {
  const checkpoint = await openCheckpoint(files);
  const found = new Map<string, string>();
  for (const tensor of checkpoint.tensors.values()) {
    const bytes = await (await files.open(tensor.file)).read({ start: tensor.start, end: tensor.end });
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    found.set(tensor.name, `${tensor.dtype} [${tensor.shape}] ${digest.toHex?.() ?? [...digest].join()}`);
  }
  return found;
}

/** Resolves once nothing was told for 300 ms. */
async function untilStill(events: readonly ConvertEvent[]): Promise<void> {
  for (let told = -1; told < events.length; ) {
    told = events.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

async function truth(): Promise<Map<string, string>> {
  const state = new File([await load('/fixtures/checkpoints/qwen3_moe/state.safetensors')], 'model.safetensors');
  return tensorsOf(blobFiles('truth', [{ path: 'model.safetensors', file: state }]));
}

describe('the conversion worker', () => {
  it('converts dropped files into browser storage, equal to what transformers holds in memory', async () => {
    const files = await fixture();
    const plan = await planFor(files, 'gate-up', 200_000);
    const { done, events } = start(files, plan, { kind: 'opfs', job: 'truth' });
    const report = await done;
    expect(report.verified).toMatchObject({ equal: true, tensors: plan.tensors, bytes: plan.bytes });
    expect(await tensorsOf(await jobFiles('truth'))).toEqual(await truth());
    const last = events.at(-1);
    expect(last).toMatchObject({
      type: 'progress',
      progress: { phase: 'finish', done: 2 * plan.bytes, total: 2 * plan.bytes },
    });
    expect((await (await jobFiles('truth')).list()).map((file) => file.name)).toContain('generation_config.json');
  });

  it('converts into a picked folder (browser storage standing in for it) and says when it is finalising', async () => {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getDirectoryHandle('picked', { create: true });
    const files = await fixture();
    const { done, events } = start(files, await planFor(files, 'gate-up'), { kind: 'directory', handle });
    await done;
    expect(events).toContainEqual({ type: 'finalising', file: 'model.safetensors' });
    const written = await handle.getFileHandle('model.safetensors').then((file) => file.getFile());
    expect(await tensorsOf(blobFiles('out', [{ path: 'model.safetensors', file: written }]))).toEqual(await truth());
    await root.removeEntry('picked', { recursive: true });
  });

  it('leaves nothing behind when it is cancelled in the middle', async () => {
    const files = await fixture();
    const { done } = start(
      files,
      await planFor(files, 'stacked', 100_000),
      { kind: 'opfs', job: 'cancelled' },
      (event, controller) => {
        if (event.type === 'progress' && event.progress.shardsDone > 0) controller.abort();
      },
    );
    await expect(done).rejects.toMatchObject({ tag: 'cancelled' });
    expect(await listJobs()).toEqual([]);
  });

  it('stands still while paused, and is cancelled from there', async () => {
    const files = await fixture();
    const plan = await planFor(files, 'stacked', 100_000);
    const run = start(files, plan, { kind: 'opfs', job: 'paused' });
    await run.client.call.pause();
    await untilStill(run.events);
    expect(run.events.some((event) => event.type === 'progress' && event.progress.phase === 'finish')).toBe(false);
    run.controller.abort();
    await expect(run.done).rejects.toMatchObject({ tag: 'cancelled' });
    expect(await listJobs()).toEqual([]);
  });

  it('goes on after a pause', async () => {
    const files = await fixture();
    const run = start(files, await planFor(files, 'stacked'), { kind: 'opfs', job: 'resumed' });
    await run.client.call.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await run.client.call.resume();
    expect((await run.done).verified.equal).toBe(true);
  });

  it('gives the same files whoever makes the shards: one runner or several, on the CPU or on WebGPU', async () => {
    const files = await fixture();
    const plan = await planFor(files, 'gate-up-transposed', 250_000);
    const outputs = [];
    for (const [job, memoryBytes, engine] of [
      ['alone', 64 * MIB, 'cpu'],
      ['several', 512 * MIB, 'cpu'],
      ['device', 512 * MIB, 'webgpu'],
      ['auto', 64 * MIB, 'auto'],
    ] as const) {
      const settings = { engine, memoryBytes, sha256: true };
      const report = await start(files, plan, { kind: 'opfs', job }, undefined, { settings }).done;
      expect(report.engine.choice).toBe(engine);
      const ran = report.engine.decisions.reduce((sum, { runs }) => sum + runs.webgpu, 0);
      expect(ran > 0).toBe(engine === 'webgpu');
      expect(Object.keys(report.sha256 ?? {})).toHaveLength(plan.shards.length);
      outputs.push(report.sha256);
    }
    expect(new Set(outputs.map((sums) => JSON.stringify(sums))).size).toBe(1);
    const first = plan.shards[0]?.file ?? '';
    const source = await (await jobFiles('alone')).open(first);
    const bytes = await source.read({ start: 0, end: source.byteLength });
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    expect(outputs[0]?.[first]).toBe([...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  }, 120_000);

  it('is continued after its worker was ended, and not by another plan', async () => {
    const files = await fixture();
    const plan = await planFor(files, 'stacked', 100_000);
    const sink = { kind: 'opfs', job: 'ended' } as const;
    const record = { job: 'ended', note: { of: 'a test' } };
    const settings = { engine: 'cpu', memoryBytes: 512 * MIB, sha256: false } as const;
    const run = start(
      files,
      plan,
      sink,
      (event) => {
        if (event.type === 'progress' && event.progress.shardsDone >= 3) run.client.dispose();
      },
      { record: { ...record, resume: false }, settings },
    );
    await expect(run.done).rejects.toMatchObject({ tag: 'cancelled' });
    const [journal] = await listJournals();
    expect(journal).toMatchObject({ job: 'ended', note: { of: 'a test' } });
    expect(journal?.finished).toBeGreaterThanOrEqual(2);
    const resume = { record: { ...record, resume: true }, settings };
    const other = await planFor(files, 'stacked', 50_000);
    await expect(start(files, other, sink, undefined, resume).done).rejects.toMatchObject({ tag: 'resume-refused' });
    const report = await start(files, plan, sink, undefined, resume).done;
    expect(report.kept).toBeGreaterThanOrEqual(2);
    expect(await listJournals()).toEqual([]);
    const straight = await start(files, plan, { kind: 'opfs', job: 'straight' }, undefined, { settings }).done;
    expect(straight.kept).toBe(0);
    expect(await tensorsOf(await jobFiles('ended'))).toEqual(await tensorsOf(await jobFiles('straight')));
  }, 60_000);

  it('carries tagged errors back', async () => {
    const files = await fixture();
    const plan = await planFor(files, 'stacked');
    const fewer = files.filter((file) => !file.path.includes('00002'));
    await expect(start(fewer, plan, { kind: 'opfs', job: 'missing' }).done).rejects.toMatchObject({
      tag: 'path-not-found',
      fields: { file: 'model-00002-of-00003.safetensors' },
    });
    expect(await listJobs()).toEqual([]);
  });
});

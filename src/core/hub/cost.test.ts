import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../../e2e/support/hub/exchange.ts';
import { presetRepos } from '../../../e2e/support/hub/presets.ts';
import { qwen3Moe235b } from '../../../e2e/support/hub/qwen3-moe.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { createOpenMemory, type OpenProgress, openCheckpoint } from '../checkpoint/open.ts';
import type { Checkpoint } from '../checkpoint/types.ts';
import { createQuotaCounter } from '../remote/quota.ts';
import { fileOf } from '../safetensors/corpus.fixture.ts';
import { FIRST_WINDOW } from '../safetensors/read-header.ts';
import { memoryFiles } from '../source/memory.ts';
import type { ByteRange, FileSet } from '../source/types.ts';
import type { HubRequest } from './client.ts';
import { openHubRepo } from './repo.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const STACKED = 'Qwen/Qwen3-235B-A22B-stacked';
const JOINED = 'Qwen/Qwen3-235B-A22B-gate-up';
let hub: HubServer;

beforeAll(async () => {
  const repos = [
    qwen3Moe235b({ layout: 'per-expert' }),
    { ...qwen3Moe235b({ layout: 'stacked' }), id: STACKED },
    { ...qwen3Moe235b({ layout: 'gate-up' }), id: JOINED },
  ];
  hub = await startHub({ repos: [...repos, ...presetRepos()] });
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.clearJournal();
  hub.faults.clear();
});

function requests(kind: JournalEntry['class']): readonly JournalEntry[] {
  return hub.journal.filter((entry) => entry.class === kind);
}

function bytesSent(): number {
  return hub.journal.reduce((sum, entry) => sum + entry.bytesSent, 0);
}

function dataBytes(checkpoint: Checkpoint): number {
  return [...checkpoint.tensors.values()].reduce((sum, { start, end }) => sum + end - start, 0);
}

describe('235B, anonymous', () => {
  it('is one request a shard, 247 exchanges and 5.6 MB at most', async () => {
    const told: HubRequest[] = [];
    const quota = createQuotaCounter();
    const repo = await openHubRepo(BIG, { endpoint: hub.url, onRequest: (request) => told.push(request), quota });
    const checkpoint = await openCheckpoint(repo, { index: 'later' });
    expect(checkpoint.tensors.size).toBe(36_945);
    expect(dataBytes(checkpoint)).toBe(470_187_269_120);
    expect(hub.journal.length).toBeLessThanOrEqual(247);
    expect(hub.journal.length).toBe(1 + 2 + 236);
    expect(bytesSent()).toBeLessThanOrEqual(5_600_000);
    expect(requests('preflight').length).toBe(0);
    expect(requests('api').length).toBe(1);
    expect(requests('cdn').length).toBe(118);
    for (const { path } of requests('resolver')) expect(path).toContain(repo.commit);
    expect(told.filter(({ phase, kind }) => phase === 'sent' && kind === 'resolver').length).toBe(119);
    expect(told.filter(({ phase }) => phase === 'ended').length).toBe(120);
    expect(quota.used()).toBe(119);
  }, 60_000);

  it('has a picture after three exchanges, whatever the others under way come to', async () => {
    hub.faults.add({ origin: 'hub', after: 2, action: { type: 'ttfb', ms: 600_000 } });
    const repo = await openHubRepo(BIG, { endpoint: hub.url });
    const leave = new AbortController();
    const seen: { answered: JournalEntry['class'][]; tensors: number }[] = [];
    const onShard = ({ partial }: OpenProgress) => {
      const answered = hub.journal.filter(({ status }) => status !== 0).map((entry) => entry.class);
      seen.push({ answered, tensors: partial().tensors.size });
      leave.abort();
    };
    const opening = openCheckpoint(repo, { index: 'later', signal: leave.signal, onShard });
    await expect(opening).rejects.toMatchObject({ tag: 'cancelled' });
    expect(seen.map(({ answered }) => answered)).toEqual([['api', 'resolver', 'cdn']]);
    expect(seen[0]?.tensors).toBeGreaterThan(100);
  }, 60_000);

  it('with the index first asks each shard for what its names need', async () => {
    const repo = await openHubRepo(BIG, { endpoint: hub.url });
    const checkpoint = await openCheckpoint(repo);
    expect(checkpoint.findings).toEqual([]);
    expect(requests('cdn').length).toBe(118);
    const index = repo.files.find(({ name }) => name.endsWith('.index.json'));
    expect(bytesSent() - (index?.byteLength ?? 0)).toBeLessThanOrEqual(5_600_000);
  }, 60_000);

  it.each([STACKED, JOINED])(
    '%s costs one request a shard too',
    async (name) => {
      const repo = await openHubRepo(name, { endpoint: hub.url });
      const { shards } = await openCheckpoint(repo, { index: 'later' });
      expect(requests('cdn').length).toBe(shards.length);
      expect(bytesSent()).toBeLessThan(FIRST_WINDOW + shards.length * 6_000);
    },
    60_000,
  );

  it.each(['its memory', 'the same set'])(
    'with %s adds the index without reading a header again',
    async (what) => {
      const repo = await openHubRepo(BIG, { endpoint: hub.url });
      const memory = what === 'its memory' ? createOpenMemory() : undefined;
      await openCheckpoint(repo, { index: 'later', memory });
      const before = hub.journal.length;
      const whole = await openCheckpoint(memory ? { ...repo } : repo, { memory });
      expect(whole.tensors.size).toBe(36_945);
      expect(whole.findings).toEqual([]);
      expect(hub.journal.length - before).toBe(2);
    },
    60_000,
  );
});

describe('windows', () => {
  it('meet every header around 64 and 128 KiB', async () => {
    const repo = await openHubRepo('preset/window-edges', { endpoint: hub.url });
    const { shards, findings } = await openCheckpoint(repo);
    expect(shards.length).toBe(12);
    expect(findings).toEqual([]);
  });

  /** The first shard has a header of 1,000 bytes: the next window is one step, 4 KiB. */
  const WINDOW = 4096;

  it.each([-9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1])(
    'predicted W, header N = W%i: read in one or two',
    async (step) => {
      const files = new Map([
        ['model-00001-of-00002.safetensors', shardOf('layers.0.a', 1000)],
        ['model-00002-of-00002.safetensors', shardOf('layers.1.b', WINDOW + step)],
      ]);
      const { counted, reads } = counting(memoryFiles('edge', files));
      const { tensors } = await openCheckpoint(counted, { index: 'later' });
      expect([...tensors.keys()]).toEqual(['layers.0.a', 'layers.1.b']);
      const second = reads.filter(({ name }) => name.includes('00002-of')).map(({ start, end }) => [start, end]);
      const end = 8 + WINDOW + step;
      expect(second).toEqual(
        end <= WINDOW
          ? [[0, WINDOW]]
          : [
              [0, WINDOW],
              [WINDOW, end],
            ],
      );
    },
  );
});

function shardOf(tensor: string, headerLength: number): Uint8Array {
  const json = `{"${tensor}":{"dtype":"U8","shape":[200000],"data_offsets":[0,200000]}}`;
  return fileOf(json.padEnd(headerLength), 200_000);
}

function counting(files: FileSet): { counted: FileSet; reads: (ByteRange & { name: string })[] } {
  const reads: (ByteRange & { name: string })[] = [];
  const open: FileSet['open'] = async (name, options) => {
    const source = await files.open(name, options);
    return {
      ...source,
      read: (range, read) => {
        reads.push({ name, ...range });
        return source.read(range, read);
      },
    };
  };
  return { counted: { ...files, open }, reads };
}

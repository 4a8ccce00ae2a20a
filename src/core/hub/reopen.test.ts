import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { presetRepos } from '../../../e2e/support/hub/presets.ts';
import { qwen3Moe235b } from '../../../e2e/support/hub/qwen3-moe.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { type HeaderCache, memoryHeaderCache } from '../source/header-cache.ts';
import { openHubRepo } from './repo.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const TINY = 'preset/per-expert-tiny';
let hub: HubServer;

beforeAll(async () => {
  hub = await startHub({ repos: [qwen3Moe235b({ layout: 'per-expert' }), ...presetRepos()] });
});
afterAll(async () => {
  expect(hub.leaks).toEqual([]);
  await hub.close();
});
beforeEach(() => hub.clearJournal());

async function inspect(reference: string, headerCache: HeaderCache | null, index: 'first' | 'later' = 'first') {
  const repo = await openHubRepo(reference, { endpoint: hub.url, headerCache, token: 'hf_owner' });
  const before = hub.journal.length;
  const checkpoint = await openCheckpoint(repo, { index, cache: repo.cache });
  return { repo, checkpoint, exchanges: hub.journal.length - before };
}

it('opens 235B again with one exchange, index and config included', async () => {
  const cache = memoryHeaderCache();
  const first = await inspect(BIG, cache);
  expect(first.exchanges).toBe(236 + 4);
  hub.clearJournal();
  const again = await inspect(BIG, cache);
  expect(hub.journal.map(({ class: kind }) => kind)).toEqual(['api']);
  expect(again.checkpoint).toEqual(first.checkpoint);
}, 60_000);

it('knows a content again in another commit, branch and repo of the same Hub', async () => {
  const cache = memoryHeaderCache();
  const { repo } = await inspect('preset/pull-request', cache);
  await inspect('preset/pull-request@refs/pr/1', cache);
  expect((await inspect(`preset/pull-request@${repo.commit}`, cache)).exchanges).toBe(0);
});

it('trusts no other Hub with the keys of this one', async () => {
  const cache = memoryHeaderCache();
  await inspect(TINY, cache);
  const other = await startHub({ repos: presetRepos() });
  const repo = await openHubRepo(TINY, { endpoint: other.url, headerCache: cache });
  await openCheckpoint(repo, { cache: repo.cache });
  expect(other.journal.filter(({ class: kind }) => kind === 'cdn').length).toBe(3);
  await other.close();
});

it('keeps nothing of a private repo', async () => {
  const cache = memoryHeaderCache();
  const { repo } = await inspect('preset/private', cache);
  expect(repo.cache).toBeNull();
  expect(cache.byteLength).toBe(0);
});

it.each([
  ['short', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1)],
  ['empty', () => new Uint8Array(0)],
  ['long', (bytes: Uint8Array) => Uint8Array.from([...bytes, 32])],
  ['overwritten', (bytes: Uint8Array) => new Uint8Array(bytes.length).fill(0x7b)],
] as const)('ignores and removes entries that are %s', async (_what, damage) => {
  const kept = memoryHeaderCache();
  const removed: string[] = [];
  const cache: HeaderCache = {
    get: async (key) => {
      const bytes = await kept.get(key);
      return bytes && Uint8Array.from(damage(bytes));
    },
    put: kept.put,
    remove: async (key) => {
      removed.push(key);
      await kept.remove(key);
    },
  };
  const first = await inspect(TINY, cache);
  const again = await inspect(TINY, cache);
  expect(again.checkpoint).toEqual(first.checkpoint);
  expect(again.exchanges).toBe(first.exchanges);
  expect(removed.length).toBe(5);
});

it('lets the oldest leave a full cache', async () => {
  const cache = memoryHeaderCache(100);
  for (let i = 0; i < 5; i++) await cache.put(`sha256:${i}`, new Uint8Array(30));
  expect(cache.byteLength).toBe(90);
  expect(await cache.get('sha256:1')).toBeNull();
  expect(await cache.get('sha256:2')).not.toBeNull();
  await cache.put('sha256:9', new Uint8Array(101));
  expect(await cache.get('sha256:9')).toBeNull();
});

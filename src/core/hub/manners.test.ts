import { expect, it } from 'vitest';
import { presetRepos } from '../../../e2e/support/hub/presets.ts';
import { qwen3Moe235b } from '../../../e2e/support/hub/qwen3-moe.ts';
import { startHub } from '../../../e2e/support/hub/server.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import type { Pause } from '../remote/gate.ts';
import { hastyClock } from '../source/clock.fixture.ts';
import { createManners, mannersOf } from './manners.ts';
import { openHubRepo } from './repo.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const TINY = 'preset/per-expert-tiny';

it('stay under the quota of a Hub that enforces it: all pause, are told until when, and go on', async () => {
  const clock = hastyClock();
  const quotas = { api: 500, resolvers: 50, pages: 100 };
  const hub = await startHub({
    repos: [qwen3Moe235b({ layout: 'per-expert' })],
    now: clock.now,
    rateLimit: { enforce: true, anonymous: quotas },
    // On this clock every pause is over while requests are under way: addresses signed before it shall outlast it.
    urlTtlSeconds: 1e9,
  });
  const { gate, quota } = createManners({ clock, random: () => 0 }, 40);
  const pauses: (Pause | null)[] = [];
  const onPause = (pause: Pause | null) => pauses.push(pause);
  const repo = await openHubRepo(BIG, { endpoint: hub.url, gate, quota, onPause });
  const { shards } = await openCheckpoint(repo, { index: 'later' });
  expect(shards.length).toBe(118);
  expect(hub.journal.filter(({ status }) => status === 429)).toEqual([]);
  expect(new Set(pauses.flatMap((pause) => pause?.reason ?? []))).toEqual(new Set(['quota']));
  expect(pauses.at(-1)).toBeNull();
  for (const pause of pauses) if (pause) expect(pause.until).toBeLessThanOrEqual(clock.now());
  await repo.dispose?.();
  await hub.close();
}, 60_000);

it('are shared by all repos of one Hub, and by no two Hubs', async () => {
  const hub = await startHub({ repos: presetRepos() });
  const { quota } = mannersOf(hub.url);
  for (const name of [TINY, 'preset/dense']) {
    const repo = await openHubRepo(name, { endpoint: hub.url });
    await (await repo.open('config.json')).read({ start: 0, end: 1 });
  }
  expect(quota.used()).toBe(2);
  expect(mannersOf(hub.url).quota).toBe(quota);
  expect(mannersOf('https://other.example').quota.used()).toBe(0);
  await hub.close();
});

it('tell of pauses until the repo is released', async () => {
  const hub = await startHub({ repos: presetRepos() });
  const manners = createManners({ clock: hastyClock(), random: () => 0 });
  const heard: (Pause | null)[] = [];
  const repo = await openHubRepo(TINY, { endpoint: hub.url, ...manners, onPause: (pause) => heard.push(pause) });
  hub.faults.add({ pathRe: '/resolve/', times: 1, action: { type: 'rate429', retryAfter: 7 } });
  const start = await (await repo.open('config.json')).read({ start: 0, end: 1 });
  expect(start.length).toBe(1);
  expect(heard.map((pause) => pause?.reason ?? null)).toEqual(['rate-limited', null]);
  await repo.dispose?.();
  hub.faults.add({ pathRe: '/resolve/', times: 1, action: { type: 'rate429', retryAfter: 7 } });
  await (await repo.open('config.json')).read({ start: 0, end: 1 });
  expect(heard.length).toBe(2);
  await hub.close();
});

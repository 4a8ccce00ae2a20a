import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { allRepos } from '../../../../e2e/support/hub/main.ts';
import { type HubServer, startHub } from '../../../../e2e/support/hub/server.ts';
import { createBudget } from '../../budget.ts';
import { openCheckpoint } from '../../checkpoint/open.ts';
import { openHubRepo } from '../../hub/repo.ts';
import { planConversion } from '../../plan/conversion.ts';
import { createNodeFetch } from '../../source/fetch.node.ts';
import { partsOfPlan } from '../parts-of.ts';
import { planFileOf } from '../plan-file/format.ts';
import { identifySource } from '../plan-file/source.ts';
import { sourcesOf } from '../source-order.ts';
import { openPartPlace } from './place.node.ts';
import { runPart } from './run-part.node.ts';

const REPO = 'tiny/qwen3-moe';
let hub: HubServer;
let work: string;
beforeAll(async () => {
  hub = await startHub({ repos: allRepos() });
  work = mkdtempSync(join(tmpdir(), 'moe-loom-hub-parts-'));
});
afterAll(async () => {
  await hub.close();
  rmSync(work, { recursive: true, force: true });
});

const opened = (revision?: string) =>
  openHubRepo(
    { repo: REPO, revision: revision ?? null, path: '', endpoint: null },
    {
      endpoint: hub.url,
      fetch: createNodeFetch({}),
    },
  );

/** Ranges that begin before this are read through the Hub, because a header may be all that is wanted (`hub/client.ts`). */
const HEADERS_WITHIN = 128 * 1024;

it('a part asks the Hub for the address of each of its files once; its ranges go to the store of files', async () => {
  const repo = await opened();
  const plan = planConversion(await openCheckpoint(repo), 'stacked', { maxShardBytes: 130_000 });
  const named = { open: REPO, endpoint: hub.url, repo: REPO, commit: hub.headOf(REPO) };
  const planFile = await planFileOf({
    plan,
    source: { ...named, files: await identifySource(plan, repo) },
    card: null,
  });
  for (const [at, shards] of partsOfPlan(planFile.plan, 4).entries()) {
    const files = await opened(hub.headOf(REPO));
    const place = await openPartPlace(join(work, 'out'), planFile, { part: `${at + 1}/4` });
    hub.clearJournal();
    await runPart(planFile, { place, files, shards, budget: createBudget(600_000) });
    place.close();
    const sources = new Set(shards.flatMap((shard) => [...sourcesOf(shard)]));
    const asked = hub.journal.filter((entry) => entry.class === 'resolver');
    const addresses = asked.filter(({ range }) => range === null);
    const startsOf = asked.flatMap(({ range }) => (range === null ? [] : Number(/\d+/.exec(range)?.[0])));
    expect(hub.journal.filter((entry) => entry.class === 'api')).toEqual([]);
    expect(addresses.length).toBeLessThanOrEqual(sources.size);
    expect(startsOf.filter((start) => start > HEADERS_WITHIN)).toEqual([]);
  }
});

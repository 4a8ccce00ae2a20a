import { afterAll, beforeAll, expect, it } from 'vitest';
import { presetRepos } from '../../e2e/support/hub/presets.ts';
import { type HubServer, startHub } from '../../e2e/support/hub/server.ts';
import type { PlanFile } from '../core/index.ts';
import { hubFolder } from '../core/testing.fixture.ts';
import { namedInPlan, openPlanned } from './planned-source.ts';
import { openSource } from './source-kinds.ts';

const REPO = 'preset/subfolder';
const { signal } = new AbortController();
let hub: HubServer;
beforeAll(async () => {
  hub = await startHub({ repos: presetRepos().filter(({ id }) => id === REPO) });
});
afterAll(() => hub.close());

const planOf = (source: object) => ({ source: { ...source, files: [] } }) as unknown as PlanFile;

it.each(['', '/weights', '/weights/model.safetensors.index.json'])(
  'names the folder or file inside a repo, so that another machine opens the same files: %s',
  async (inside) => {
    const flags = { endpoint: `${hub.url}/`, cache: false };
    const opened = await openSource(`hf://${REPO}${inside}`, flags, signal);
    const named = namedInPlan(opened);
    expect(named).toMatchObject({ repo: REPO, commit: opened.origin.revision, endpoint: hub.url });
    expect(named.commit).toMatch(/^[0-9a-f]{40}$/);
    const again = await openPlanned(planOf(named), flags, signal);
    expect(await again.files.list()).toEqual(await opened.files.list());
    expect(namedInPlan(again)).toEqual(named);
  },
);

it('does not go to a Hub that only the plan names', async () => {
  const opened = await openSource(REPO, { endpoint: hub.url, cache: false }, signal);
  hub.clearJournal();
  await expect(openPlanned(planOf(namedInPlan(opened)), { cache: false }, signal)).rejects.toThrow(
    `add --endpoint ${hub.url}`,
  );
  expect(hub.journal).toEqual([]);
});

it('names a folder by its whole path', async () => {
  const opened = await openSource(hubFolder('mixtral'), {}, signal);
  expect(namedInPlan(opened)).toEqual({ open: hubFolder('mixtral'), endpoint: null, repo: null, commit: null });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { presetRepos } from '../../../e2e/support/hub/presets.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { createGate } from '../remote/gate.ts';
import { hastyClock } from '../source/clock.fixture.ts';
import { openHubRepo } from './repo.ts';

const REPO = 'preset/per-expert-tiny';
const SHARD = 'model-00002-of-00003.safetensors';
interface Sibling {
  rfilename: string;
  size?: number;
}
let hub: HubServer;
let notes: string[] = [];

beforeAll(async () => {
  hub = await startHub({ repos: presetRepos().filter(({ id }) => id === REPO), treePage: 2 });
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.faults.clear();
  hub.clearJournal();
  notes = [];
});

type Change = (siblings: Sibling[]) => Sibling[] | undefined;

/** A fetch under which the description of the repo names other files than it has. */
function telling(change: Change): typeof fetch {
  return async (input, init) => {
    const answer = await fetch(input, init);
    if (!String(input).includes('/revision/')) return answer;
    const info = (await answer.json()) as { siblings: Sibling[] };
    const told = new Response(JSON.stringify({ ...info, siblings: change(info.siblings) }), {
      headers: answer.headers,
    });
    return Object.defineProperty(told, 'url', { value: answer.url });
  };
}

function open(change: Change, reference = REPO) {
  const gate = createGate({ clock: hastyClock(), random: () => 0 });
  const onNote = (note: string) => notes.push(note);
  return openHubRepo(reference, { endpoint: hub.url, gate, fetch: telling(change), onNote });
}

const trees = () => hub.journal.filter(({ path }) => path.includes('/tree/')).length;

describe('a listing that may be cut short', () => {
  it('is asked for once where it names all files', async () => {
    const whole = await open((siblings) => siblings);
    expect(whole.files.length).toBeGreaterThan(4);
    await openCheckpoint(whole);
    expect(trees()).toBe(0);
    expect(notes).toEqual([]);
  });

  const cuts: [string, Change][] = [
    ['no siblings', () => undefined],
    ['none of them', () => []],
    ['no sizes', (siblings) => siblings.map(({ rfilename }) => ({ rfilename }))],
    ['a shard too few', (siblings) => siblings.filter(({ rfilename }) => rfilename !== SHARD)],
    ['no weights', (siblings) => siblings.filter(({ rfilename }) => !rfilename.endsWith('.safetensors'))],
  ];
  it.each(cuts)('is completed from the file tree, page by page: %s', async (_what, change) => {
    const whole = await open((siblings) => siblings);
    const repo = await open(change);
    expect(repo.files).toEqual(whole.files);
    expect(trees()).toBe(Math.ceil(whole.files.length / 2));
    expect(notes).toEqual([
      expect.stringMatching(/^The Hub's description of preset\/per-expert-tiny names \d+ of its/),
    ]);
    expect((await openCheckpoint(repo)).findings).toEqual([]);
  });

  it('is completed for a file that was asked for, or that the index names, and only once', async () => {
    const named = await open(
      (all) => all.filter(({ rfilename }) => rfilename !== 'config.json'),
      `hf://${REPO}/config.json`,
    );
    expect(named.files.some(({ name }) => name === 'config.json')).toBe(true);
    hub.clearJournal();
    notes = [];
    const hidden = await open((all) =>
      all.filter(({ rfilename }) => !/-of-|README/.test(rfilename)).concat({ rfilename: 'x.safetensors', size: 9 }),
    );
    expect(trees()).toBe(0);
    const source = await hidden.open(SHARD);
    expect((await source.read({ start: 0, end: 8 })).length).toBe(8);
    await hidden.open('model-00001-of-00003.safetensors');
    await expect(hidden.open('none')).rejects.toMatchObject({ tag: 'path-not-found' });
    expect(trees()).toBeGreaterThan(0);
    expect(trees()).toBeLessThan(6);
    expect(notes[0]).toBe(`The Hub's description of ${REPO} does not name ${SHARD}; its file tree does.`);
  });

  it('is no listing at all where the two contradict each other', async () => {
    const larger = (one: Sibling) => ({ ...one, size: one.rfilename === 'config.json' ? 7 : (one.size ?? 0) });
    const change: Change = (all) => all.filter(({ rfilename }) => rfilename !== SHARD).map(larger);
    await expect(open(change)).rejects.toMatchObject({
      tag: 'answer-invalid',
      message: expect.stringContaining(`file tree of ${REPO} do not agree on config.json`),
    });
  });

  it('says which files the file tree does not have', async () => {
    const repo = await open((all) =>
      all.filter(({ rfilename }) => rfilename !== SHARD).concat({ rfilename: 'old.bin', size: 3 }),
    );
    expect(repo.files.some(({ name }) => name === 'old.bin')).toBe(true);
    expect(notes.at(-1)).toMatch(/does not have 1 of the files that its description names: old\.bin\./);
  });

  it('stays as it is, and says so, where the file tree cannot be read; without it there is nothing', async () => {
    for (const type of ['linkLoop', 'linkForeign', '404repo'] as const) {
      hub.faults.clear();
      hub.faults.add({ action: { type }, pathRe: '/tree/' });
      notes = [];
      const repo = await open((all) => all.filter(({ rfilename }) => rfilename !== SHARD));
      expect(notes).toEqual([expect.stringContaining(`may be cut short (it does not name ${SHARD})`)]);
      expect(repo.files.length).toBeGreaterThan(2);
      expect(hub.leaks).toEqual([]);
      // That it is not there is not known.
      await expect(repo.open(SHARD)).rejects.toMatchObject({
        tag: expect.stringMatching(/answer-invalid|repo-not-found/),
        message: expect.stringContaining(`Whether ${REPO} holds ${SHARD} is not known`),
      });
      hub.faults.clear();
      repo.tryAgain();
      expect((await repo.open(SHARD)).byteLength).toBeGreaterThan(0);
      hub.faults.add({ action: { type }, pathRe: '/tree/' });
      await expect(open(() => [])).rejects.toMatchObject({ name: 'LoomError' });
    }
    expect(hub.journal.every(({ path }) => !path.startsWith('/evil'))).toBe(true);
  });
});

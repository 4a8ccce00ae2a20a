import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { browserFetch } from '../../../e2e/support/hub/browser-fetch.ts';
import type { JournalEntry } from '../../../e2e/support/hub/exchange.ts';
import { presetRepos } from '../../../e2e/support/hub/presets.ts';
import { qwen3Moe235b } from '../../../e2e/support/hub/qwen3-moe.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { type ErrorTag, LoomError, toWire } from '../errors.ts';
import type { HubRequest } from '../hub/client.ts';
import { type OpenHubOptions, openHubRepo } from '../hub/repo.ts';
import { hastyClock } from '../source/clock.fixture.ts';
import { createAccess } from './access.ts';
import { createGate } from './gate.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const TINY = 'preset/per-expert-tiny';
const TOKEN = 'hf_member';
let hub: HubServer;

beforeAll(async () => {
  hub = await startHub({ repos: [qwen3Moe235b({ layout: 'per-expert' }), ...presetRepos()] });
});
afterAll(async () => {
  expect(hub.leaks).toEqual([]);
  await hub.close();
});
beforeEach(() => {
  hub.faults.clear();
  hub.clearJournal();
});

function open(reference: string, options: OpenHubOptions = {}) {
  const gate = createGate({ clock: hastyClock(), random: () => 0 });
  return openHubRepo(reference, { endpoint: hub.url, gate, fetch: browserFetch(), ...options });
}

const signed = () => hub.journal.filter(({ hasAuthorization }) => hasAuthorization);
const preflights = () => hub.journal.filter(({ method }: JournalEntry) => method === 'OPTIONS');

describe('a token', () => {
  it('stays at home for a public repo, without a preflight', async () => {
    await openCheckpoint(await open(TINY, { token: TOKEN }));
    expect(signed()).toEqual([]);
    expect(preflights()).toEqual([]);
  });

  it('is sent for the files of a gated repo, never for its listing', async () => {
    await openCheckpoint(await open('preset/gated-auto', { token: TOKEN }));
    expect(signed().every(({ class: kind }) => kind === 'resolver')).toBe(true);
    expect(hub.journal.filter(({ status }) => status === 401)).toEqual([]);
  });

  it('opens a private repo after strangers were refused once', async () => {
    const repo = await open('preset/private', { token: 'hf_owner' });
    expect(repo.private).toBe(true);
    expect(hub.journal.filter(({ class: kind }) => kind === 'api').map(({ status }) => status)).toEqual([401, 200]);
    await openCheckpoint(repo);
    expect(hub.journal.filter(({ status }) => status === 401).length).toBe(1);
  });

  it('is sent with every request when the user asks: 122 preflights at most for 235B', async () => {
    const repo = await open(BIG, { token: TOKEN, authenticate: 'always' });
    await openCheckpoint(repo, { index: 'later' });
    expect(preflights().length).toBeLessThanOrEqual(122);
    expect(signed().length).toBeGreaterThanOrEqual(119);
    expect(hub.journal.filter(({ class: kind }) => kind === 'cdn').length).toBe(118);
  }, 60_000);

  it('is left out of a public repo where preflights fail', async () => {
    hub.faults.add({ action: { type: 'preflightFail' } });
    const checkpoint = await openCheckpoint(await open(TINY, { token: TOKEN, authenticate: 'always' }));
    expect(checkpoint.findings).toEqual([]);
    expect(preflights().length).toBe(1);
    expect(signed()).toEqual([]);
  });

  it('that the Hub does not know is told where it was needed, and harms nothing where it was not', async () => {
    await openCheckpoint(await open(TINY, { token: 'hf_expired' }));
    await expect(open('preset/private', { token: 'hf_expired' })).rejects.toMatchObject({ tag: 'token-rejected' });
  });

  it.each(['redirectToEvil', 'cdnHostSwap'] as const)('follows no redirect: %s', async (type) => {
    hub.faults.add({ pathRe: '/resolve/', action: { type } });
    const repo = await open('preset/gated-auto', { token: TOKEN });
    await openCheckpoint(repo, { index: 'later' }).catch(() => null);
    expect(hub.journal.filter(({ origin }) => origin === 'cdn').length).toBeGreaterThan(0);
    expect(hub.leaks).toEqual([]);
  });

  it('is in no address, event, key, finding or error', async () => {
    const told: HubRequest[] = [];
    const options: OpenHubOptions = { token: TOKEN, authenticate: 'always', onRequest: (one) => told.push(one) };
    const repo = await open('preset/gated-auto', options);
    const checkpoint = await openCheckpoint(repo);
    const source = await repo.open('config.json');
    hub.faults.add({ action: { type: 'gateRevoked' } });
    const error = await source.read({ start: 0, end: 4 }).catch((thrown: unknown) => thrown);
    const texts = error instanceof Error ? [error.stack, String(error.cause)] : [];
    const paths = hub.journal.map(({ path }) => path);
    const all = [told, repo, repo.url(), source.key, checkpoint.findings, toWire(error), texts, paths];
    expect(JSON.stringify(all)).not.toContain(TOKEN);
  });

  it('is not given to a Hub that only the link names', async () => {
    const link = `${hub.url}/preset/gated-auto`;
    const repo = await open(link, { endpoint: 'https://huggingface.co', token: TOKEN, authenticate: 'always' });
    expect(repo.endpoint).toBe(hub.url);
    await expect(openCheckpoint(repo)).rejects.toMatchObject({ tag: 'repo-gated' });
    expect(signed()).toEqual([]);
  });
});

describe('access', () => {
  const refuse = (tag: ErrorTag, received = 0) => Promise.reject(new LoomError(tag, 'No.', { received }));

  it('changes sides once, and stays there', async () => {
    const access = createAccess(true);
    const asked: boolean[] = [];
    const task = async (signedIn: boolean) => {
      asked.push(signedIn);
      return signedIn ? 'in' : refuse('repo-gated');
    };
    expect(await access.run(task)).toBe('in');
    expect(await access.run(task)).toBe('in');
    expect(asked).toEqual([false, true, true]);
  });

  it.each(['rate-limited', 'network', 'revision-not-found', 'server-error'] as const)(
    'is not helped by a token against %s',
    async (tag) => {
      let runs = 0;
      const work = createAccess(true).run(() => {
        runs++;
        return refuse(tag);
      });
      await expect(work).rejects.toMatchObject({ tag });
      expect(runs).toBe(1);
    },
  );

  it('does without only while no answer came to a token, from a repo that is open', async () => {
    const lost = async (signedIn: boolean) => (signedIn ? refuse('network') : 'out');
    expect(await createAccess(true, 'always').run(lost)).toBe('out');
    const closed = createAccess(true, 'always');
    closed.learn({ gated: 'auto', private: false });
    await expect(closed.run(lost)).rejects.toMatchObject({ tag: 'network' });
    const proven = createAccess(true, 'always');
    await proven.run(async () => 'in');
    await expect(proven.run(lost)).rejects.toMatchObject({ tag: 'network' });
    await expect(createAccess(true, 'always').run(() => refuse('network', 5))).rejects.toMatchObject({
      fields: { received: 5 },
    });
  });
});

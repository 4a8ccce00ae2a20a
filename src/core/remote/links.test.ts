import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { browserFetch } from '../../../e2e/support/hub/browser-fetch.ts';
import type { JournalEntry } from '../../../e2e/support/hub/exchange.ts';
import { qwen3Moe235b } from '../../../e2e/support/hub/qwen3-moe.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { isLoomError, toWire } from '../errors.ts';
import type { HubRequest } from '../hub/client.ts';
import { type OpenHubOptions, openHubRepo } from '../hub/repo.ts';
import { handClock, hastyClock } from '../source/clock.fixture.ts';
import { createGate } from './gate.ts';
import { createLinks, LINK_AGE_MS } from './links.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const SHARD = 'model-00003-of-00118.safetensors';
const START = 1_000_000;
let hub: HubServer;

beforeAll(async () => {
  hub = await startHub({ repos: [qwen3Moe235b({ layout: 'per-expert' })] });
});
afterAll(async () => {
  expect(hub.leaks).toEqual([]);
  await hub.close();
});
beforeEach(() => {
  hub.faults.clear();
  hub.switches.urlTtlSeconds = 3600;
  hub.switches.cdnErrorCors = true;
});

async function shard(options: OpenHubOptions = {}) {
  const gate = createGate({ clock: hastyClock(), random: () => 0 });
  const repo = await openHubRepo(BIG, { endpoint: hub.url, gate, fetch: browserFetch(), ...options });
  const source = await repo.open(SHARD);
  hub.clearJournal();
  const read = (at: number, length = 1000) => source.read({ start: START + at, end: START + at + length });
  return { repo, source, read };
}

function asked(): string[] {
  return hub.journal.map(({ origin, method, range }: JournalEntry) => `${origin} ${method}${range ? ' range' : ''}`);
}

describe('tensor bytes', () => {
  it('come from one signed address a shard: one resolver hit for many reads', async () => {
    const { read, source } = await shard();
    const many = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => read(i * 1000)));
    expect(asked().filter((one) => one === 'hub HEAD').length).toBe(1);
    expect(asked().filter((one) => one === 'cdn HEAD').length).toBe(1);
    expect(asked().filter((one) => one === 'cdn GET range').length).toBe(6);
    expect(hub.journal.length).toBe(8);
    expect(Buffer.concat(many)).toEqual(Buffer.from(await read(0, 6000)));
    hub.clearJournal();
    await source.read({ start: 0, end: 8 });
    expect(asked()).toEqual(['hub GET range', 'cdn GET range']);
  });

  it('share the address with other handles of the shard, until the repo is released', async () => {
    const { repo, read } = await shard();
    await read(0);
    const again = await repo.open(SHARD);
    hub.clearJournal();
    await again.read({ start: START, end: START + 5 });
    expect(asked()).toEqual(['cdn GET range']);
    await repo.dispose?.();
    await again.read({ start: START, end: START + 5 });
    expect(asked().filter((one) => one === 'hub HEAD').length).toBe(1);
  });

  it.each([true, false])(
    'are asked for at a new address when the old one expired (readable refusal: %s)',
    async (cors) => {
      hub.switches.cdnErrorCors = cors;
      hub.switches.urlTtlSeconds = 60;
      const { read } = await shard();
      const before = await read(0);
      hub.advanceClock(61);
      hub.clearJournal();
      expect(await read(0)).toEqual(before);
      expect(asked()).toEqual(['cdn GET range', 'hub HEAD', 'cdn HEAD', 'cdn GET range']);
    },
  );

  it('fail clearly when a new address is refused too', async () => {
    const { read } = await shard();
    hub.faults.add({ origin: 'cdn', methodRe: 'GET', action: { type: 'sigExpired' } });
    const error = await read(0).catch((thrown: unknown) => thrown);
    expect(isLoomError(error) && error.tag).toBe('link-expired');
    expect(asked().filter((one) => one === 'cdn GET range').length).toBe(2);
  });

  it.each([
    ['is refused', { type: '5xx' }, 'cdn'],
    ['has no CORS', { type: 'noCORS' }, 'cdn'],
    ['is refused by the Hub', { type: '404entry' }, 'hub'],
  ] as const)('go by one redirect a range where HEAD %s', async (_what, action, origin) => {
    const { read, repo } = await shard();
    const other = await repo.open('model-00004-of-00118.safetensors');
    const third = await repo.open('model-00005-of-00118.safetensors');
    hub.faults.add({ origin, methodRe: 'HEAD', action });
    const bytes = await read(0);
    await other.read({ start: START, end: START + 9 });
    hub.clearJournal();
    await third.read({ start: START, end: START + 9 });
    expect(asked()).toEqual(['hub GET range', 'cdn GET range']);
    hub.faults.clear();
    expect(await (await shard()).read(0)).toEqual(bytes);
  });

  it('stop when the reader leaves, and only then', async () => {
    const { source } = await shard();
    hub.faults.add({ origin: 'hub', methodRe: 'HEAD', action: { type: 'ttfb', ms: 100 } });
    const abort = new AbortController();
    const range = { start: START, end: START + 9 };
    const mine = source.read(range, { signal: abort.signal }).catch((error: Error & { tag: string }) => error.tag);
    const other = source.read(range);
    await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort();
    expect(await mine).toBe('cancelled');
    expect((await other).length).toBe(9);
    expect(asked().filter((one) => one === 'hub HEAD').length).toBe(1);
  });

  it('never let the address out: not in errors, events, keys or the value of the repo', async () => {
    const told: HubRequest[] = [];
    const { repo, read, source } = await shard({ onRequest: (request) => told.push(request) });
    await read(0);
    hub.faults.add({ origin: 'cdn', methodRe: 'GET', action: { type: 'wrongContentRange', mode: 'total' } });
    const errors: unknown[] = [await read(0).catch((thrown: unknown) => thrown)];
    hub.faults.clear();
    hub.faults.add({ origin: 'cdn', action: { type: 'reset' } });
    errors.push(await read(0).catch((thrown: unknown) => thrown));
    const texts = errors.map((error) => (error instanceof Error ? `${error.stack} ${String(error.cause)}` : ''));
    const all = JSON.stringify([told, errors.map(toWire), texts, repo, source.key]);
    expect(told.some(({ kind }) => kind === 'cdn')).toBe(true);
    expect(all).not.toMatch(/Signature|Policy=|Key-Pair|xet-bridge/);
  });
});

describe('an address', () => {
  it('is replaced before it is an hour old', async () => {
    const clock = handClock();
    const links = createLinks(clock);
    let serial = 0;
    const sign = async () => `https://cdn.example/${++serial}`;
    expect(await links.of('a', sign, undefined)).toBe('https://cdn.example/1');
    clock.advance(LINK_AGE_MS - 1);
    expect(await links.of('a', sign, undefined)).toBe('https://cdn.example/1');
    clock.advance(1);
    expect(await links.of('a', sign, undefined)).toBe('https://cdn.example/2');
    links.drop('a', 'https://cdn.example/1');
    expect(await links.of('a', sign, undefined)).toBe('https://cdn.example/2');
    links.drop('a', 'https://cdn.example/2');
    expect(await links.of('a', sign, undefined)).toBe('https://cdn.example/3');
  });

  it('is no longer looked for once all have left', async () => {
    const links = createLinks(handClock());
    const abort = new AbortController();
    let stopped = false;
    const sign = (signal: AbortSignal) =>
      new Promise<string>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          stopped = true;
          reject(new Error('stopped'));
        });
      });
    const one = links.of('a', sign, abort.signal).catch((error: { tag: string }) => error.tag);
    const two = links.of('a', sign, abort.signal).catch((error: { tag: string }) => error.tag);
    abort.abort();
    expect([await one, await two]).toEqual(['cancelled', 'cancelled']);
    expect(stopped).toBe(true);
    expect(await links.of('a', async () => 'new', undefined)).toBe('new');
  });
});

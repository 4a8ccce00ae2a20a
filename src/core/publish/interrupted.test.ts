import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LoomError } from '../errors.ts';
import { createNodeFetch } from '../source/fetch.node.ts';
import { publishCache } from './journal.node.ts';
import {
  env,
  expectWhole,
  hub,
  NEEDED,
  PART,
  publish,
  REPO,
  refusal,
  SHARDS,
  setUpPublish,
  sums,
  writeWeights,
} from './publish-desk.fixture.ts';

setUpPublish();

/** Repeats from its seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A run that ends at a request: the connection is cut, with the request taken or not, or the user stops it. */
async function interrupted(random: () => number, parallel: number): Promise<LoomError | null> {
  const method = random() < 0.75 ? 'PUT' : 'POST';
  // The third of the requests that write and are no part ends a file: every part before it would be sent.
  const nth = 1 + Math.floor(random() * (method === 'PUT' ? 3 : 2));
  const stop = new AbortController();
  const platform = createNodeFetch({});
  let seen = 0;
  const abortsAt = random() < 0.5 ? nth : 0;
  if (abortsAt === 0)
    hub.faults.add({ methodRe: method, nth, action: { type: 'answer', transport: { resetFirst: true } } });
  const counted: typeof fetch = (input, init) => {
    const answer = platform(input, init);
    if (init?.method === method && ++seen === abortsAt) {
      if (random() < 0.5) stop.abort();
      else setTimeout(() => stop.abort(), 0);
    }
    return answer;
  };
  try {
    return await publish({ parallel, retries: 0, signal: stop.signal, fetch: counted }).then(
      () => null,
      (error) => error,
    );
  } finally {
    hub.faults.clear();
  }
}

describe('a publication that is interrupted', () => {
  it.each([
    [1, PART],
    [4, PART / 2],
  ])(
    'at random 20 times is resumed, equal, and sends at most %i parts twice each time',
    async (parallel, part) => {
      hub.switches.partBytes = part;
      const random = randomOf(7 + parallel);
      let needed = NEEDED;
      for (let count = 0; count < 20; ) {
        const error = await interrupted(random, parallel);
        if (error !== null) {
          expect(['cancelled', 'network']).toContain(error.tag);
          count++;
          continue;
        }
        // It came to its end first: the rest strikes other weights.
        expectWhole();
        writeWeights();
        needed += 70 * PART + 17;
      }
      for (const pathRe of ['complete_multipart', 'lfs-verify']) {
        hub.faults.add({ pathRe, action: { type: 'answer', transport: { resetFirst: true } } });
        expect((await refusal(publish({ parallel, retries: 0 }))).tag).toBe('network');
        hub.faults.clear();
      }
      const before = hub.historyOf(REPO).length;
      const resumed = await publish({ parallel });
      expect(resumed.committed).toBe(true);
      expectWhole();
      expect(hub.historyOf(REPO)).toHaveLength(before + 1);
      expect(hub.uploadedBytes).toBeLessThanOrEqual(needed + 22 * parallel * part);
    },
    60_000,
  );

  /** How often each part of the first file was sent. */
  const sentParts = () => {
    const [first = ''] = Object.keys(SHARDS);
    const counts = new Map<number, number>();
    for (const { method, path } of hub.journal) {
      const part = Number(new URLSearchParams(path.split('?')[1]).get('partNumber'));
      if (method === 'PUT' && path.includes(sums[first] ?? '')) counts.set(part, (counts.get(part) ?? 0) + 1);
    }
    return counts;
  };
  const twice = () => [...sentParts()].flatMap(([part, count]) => (count === 2 ? [part] : [])).sort((a, b) => a - b);

  it('sends again the one part that was lost, though four were on their way', async () => {
    hub.switches.partBytes = PART;
    hub.faults.add({ pathRe: 'partNumber=6&', action: { type: 'answer', transport: { resetFirst: true } } });
    expect((await refusal(publish({ parallel: 4, retries: 0 }))).tag).toBe('network');
    hub.faults.clear();
    await publish({ parallel: 4 });
    expect(sentParts().size).toBe(46);
    expect(twice()).toEqual([6]);
    expect(Math.max(...sentParts().values())).toBe(2);
    expectWhole();
  });

  it('sends again only parts that were not answered, where it is stopped with four on their way', async () => {
    hub.switches.partBytes = PART;
    let open = () => {};
    const until = new Promise<void>((resolve) => {
      open = resolve;
    });
    // Part 5 is answered, and the rest of its answer does not come; parts 6 and 7 are not answered.
    const stalled = { type: 'answer', body: '<taken/>', transport: { stall: { afterBytes: 0, ms: 60_000 } } } as const;
    hub.faults.add({ pathRe: 'partNumber=5&', action: { ...stalled, headers: { 'Content-Type': 'application/xml' } } });
    for (const part of [6, 7])
      hub.faults.add({ pathRe: `partNumber=${part}&`, action: { type: 'ttfb', ms: 0, until } });
    const stop = new AbortController();
    const platform = createNodeFetch({});
    const watched: typeof fetch = async (input, init) => {
      // Whoever holds the last free place among the four comes to part 12.
      if (String(input).includes('partNumber=12&')) stop.abort();
      return platform(input, init);
    };
    const error = await refusal(publish({ parallel: 4, signal: stop.signal, fetch: watched }));
    open();
    hub.faults.clear();
    expect(error.tag).toBe('cancelled');
    await publish({ parallel: 4 });
    expect(twice()).toEqual([6, 7]);
    expect([Math.max(...sentParts().values()), sentParts().size]).toEqual([2, 46]);
    expectWhole();
  });

  it('has each part in its journal before the next one is sent', async () => {
    hub.switches.partBytes = PART;
    const platform = createNodeFetch({});
    const cache = publishCache(env);
    const lag: number[] = [];
    const watched: typeof fetch = (input, init) => {
      if (init?.method === 'PUT') {
        const [file = ''] = readdirSync(cache);
        const known = readFileSync(join(cache, file), 'utf8')
          .split('\n')
          .filter((line) => line.startsWith('{"part"'));
        lag.push(hub.journal.filter(({ method }) => method === 'PUT').length - known.length);
      }
      return platform(input, init);
    };
    await publish({ parallel: 1, fetch: watched });
    expect(lag.length).toBeGreaterThan(46);
    expect(lag.slice(0, 46).every((behind) => behind === 0)).toBe(true);
    expectWhole();
  });

  it('keeps signed addresses for this user alone, and nothing once it is committed', async () => {
    hub.faults.add({ methodRe: 'PUT', nth: 5, action: { type: 'answer', transport: { resetFirst: true } } });
    await refusal(publish({ parallel: 1, retries: 0 }));
    const cache = publishCache(env);
    const [file = ''] = readdirSync(cache);
    expect(statSync(join(cache, file)).mode & 0o777).toBe(0o600);
    expect(statSync(cache).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(cache, file), 'utf8')).not.toContain('hf_owner');
    hub.faults.clear();
    await publish();
    expect(readdirSync(cache)).toEqual([]);
  });

  it('begins a file again where its addresses have expired', async () => {
    hub.faults.add({ methodRe: 'PUT', nth: 5, action: { type: 'answer', transport: { resetFirst: true } } });
    await refusal(publish({ parallel: 1, retries: 0 }));
    hub.faults.clear();
    hub.advanceClock(90_000);
    await publish();
    expectWhole();
  });

  it('waits where the Hub asks for fewer requests, and resumes by itself after a lost connection', async () => {
    hub.faults.add({ methodRe: 'PUT', nth: 3, action: { type: 'rate429', retryAfter: 120 } });
    hub.faults.add({ methodRe: 'PUT', nth: 7, action: { type: 'answer', transport: { resetFirst: true } } });
    hub.faults.add({ methodRe: 'POST', nth: 2, action: { type: '5xx', status: 503 } });
    const pauses: string[] = [];
    await publish({ onPause: (pause) => pause && pauses.push(pause.reason) });
    expect(pauses).toEqual(['rate-limited']);
    expectWhole();
  });

  it('finds its commit where the answer was lost', async () => {
    const commit = { methodRe: 'POST', pathRe: '/commit/' };
    hub.faults.add({ ...commit, action: { type: 'answer', transport: { resetFirst: true } } });
    expect(await publish()).toMatchObject({ committed: true, commit: hub.headOf(REPO) });
    expect(hub.historyOf(REPO)).toHaveLength(2);
  });
});

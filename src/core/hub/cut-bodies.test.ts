import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../../e2e/support/hub/exchange.ts';
import { presetRepos } from '../../../e2e/support/hub/presets.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { runPlan } from '../convert/run.ts';
import { planConversion } from '../plan/conversion.ts';
import type { Pause } from '../remote/gate.ts';
import { createMemorySink } from '../sink/memory.ts';
import { hastyClock } from '../source/clock.fixture.ts';
import type { FileSet } from '../source/types.ts';
import { allTensors } from '../testing.fixture.ts';
import { KIB, MIB } from '../units.ts';
import { previewTensor } from '../values/preview.ts';
import { createManners } from './manners.ts';
import { type HubRepo, openHubRepo } from './repo.ts';

const REPO = 'preset/per-expert-tiny';
const FILE = 'model-00002-of-00003.safetensors';
let hub: HubServer;
let pauses: (Pause | null)[] = [];
let waits: number[] = [];

beforeAll(async () => {
  hub = await startHub({ repos: presetRepos().filter(({ id }) => id === REPO) });
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.faults.clear();
  hub.clearJournal();
  pauses = [];
  waits = [];
});

function open(): Promise<HubRepo> {
  return openHubRepo(REPO, {
    endpoint: hub.url,
    ...createManners({ clock: hastyClock(), random: () => 0 }),
    onPause: (pause) => pauses.push(pause),
    onRetry: (_error, wait) => waits.push(wait),
  });
}

const bodies = () => hub.journal.filter(({ origin, method }) => origin === 'cdn' && method === 'GET');
const wireBytes = () => bodies().reduce((sum, { bytesSent }) => sum + bytesSent, 0);

/** How a body ends early: as if it were whole, short of its stated length, or with the connection. */
const ENDS: Readonly<Record<string, (at: number) => Transport>> = {
  'a clean end': (at) => ({ chunked: true, cutAfterBytes: at }),
  'a closed connection': (at) => ({ cutAfterBytes: at }),
  'a reset': (at) => ({ resetAfterBytes: at }),
};

/** Answers that were cut, and their bytes. */
interface Cut {
  readonly cuts: number;
  readonly bytes: number;
}

/** Ends each answer of the file servers after as many bytes as `at` says of its length; `once`: not twice from one byte on. */
function cutBodies(end: (at: number) => Transport, at: (length: number) => number, once = false): Cut {
  const counted = { cuts: 0, bytes: 0 };
  const seen = new Set<string>();
  hub.faults.add({
    ...{ origin: 'cdn', methodRe: '^GET$' },
    action: {
      type: 'answer',
      edit: (answer) => {
        const length = answer.end - answer.start;
        const last = at(length);
        const place = `${answer.headers.ETag} ${answer.start}`;
        if (answer.status !== 206 || last >= length || (once && seen.has(place))) return;
        seen.add(place);
        counted.cuts++;
        counted.bytes += last;
        Object.assign(answer.transport, end(last));
        if (answer.transport.chunked) delete answer.headers['Content-Length'];
      },
    },
  });
  return counted;
}

/** A seeded number from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What reads a Hub: headers, a conversion, and values. What they give, as text. */
const READERS: Readonly<Record<string, (repo: FileSet) => Promise<string>>> = {
  'headers that are read': async (repo) => {
    const checkpoint = await openCheckpoint(repo);
    expect(checkpoint.findings).toEqual([]);
    return JSON.stringify([...checkpoint.tensors]);
  },
  'a conversion': async (repo) => {
    const plan = planConversion(await openCheckpoint(repo), 'stacked');
    const sink = createMemorySink('out', 16 * MIB);
    const report = await runPlan(plan, { files: repo, sink });
    expect(report.verified.equal).toBe(true);
    const tensors = await allTensors(sink.files());
    return JSON.stringify([...tensors].map(([name, { bytes }]) => [name, Buffer.from(bytes).toString('base64')]));
  },
  'values that are read': async (repo) => {
    const { tensors } = await openCheckpoint(repo);
    const previews = [];
    for (const tensor of tensors.values()) previews.push(await previewTensor(tensor, repo, { count: 600 }));
    return JSON.stringify(previews);
  },
};

describe.each(Object.entries(ENDS))('bodies that end early with %s', (how, end) => {
  it.each(Object.entries(READERS))('%s ask for the missing bytes alone', async (_what, read) => {
    const expected = await read(await open());
    const needed = wireBytes();
    for (const seed of [1, 2, 3]) {
      hub.faults.clear();
      hub.clearJournal();
      const random = randomOf(seed);
      // A platform may drop what it holds of a body whose connection breaks: all of it, where it is busy.
      const drops = how !== 'a clean end';
      const counted = cutBodies(
        end,
        (length) => (length < 2 * KIB ? length : 1 + Math.floor(random() * length)),
        drops,
      );
      expect(await read(await open())).toBe(expected);
      expect(counted.cuts).toBeGreaterThan(2);
      expect(wireBytes()).toBeLessThanOrEqual(needed + (drops ? counted.bytes : 0));
    }
  });
});

/** A range of the second shard, far from its header. */
const RANGE = { start: 140 * KIB, end: 190 * KIB };
const rangesOf = () =>
  bodies().map(
    ({ range }) =>
      /^bytes=(\d+)-(\d+)$/
        .exec(range ?? '')
        ?.slice(1)
        .map(Number) ?? [],
  );

describe('a server that ends every answer after some bytes', () => {
  it('costs a request for each part, no wait and no pause', async () => {
    const source = await (await open()).open(FILE);
    const whole = (await source.read(RANGE)).slice();
    hub.clearJournal();
    cutBodies(
      (at) => ({ chunked: true, cutAfterBytes: at }),
      () => 5 * KIB,
    );
    expect(Buffer.compare(await source.read(RANGE), whole)).toBe(0);
    const starts = Array.from({ length: 10 }, (_, part) => RANGE.start + part * 5 * KIB);
    expect(rangesOf()).toEqual(starts.map((start) => [start, RANGE.end - 1]));
    expect(wireBytes()).toBe(RANGE.end - RANGE.start);
    expect([new Set(waits), pauses]).toEqual([new Set([0]), []]);
  });

  it.each([0, 1, 40])('fails after four requests where %d bytes come', async (bytes) => {
    const source = await (await open()).open(FILE);
    cutBodies(
      (at) => ({ chunked: true, cutAfterBytes: at }),
      () => bytes,
    );
    const error = await source.read(RANGE).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ tag: 'read-short', fields: { file: FILE } });
    expect(String(error)).toContain(`Only ${bytes} of ${RANGE.end - RANGE.start - 3 * bytes} bytes of ${FILE} came`);
    expect(bodies().length).toBe(4);
    expect(wireBytes()).toBe(4 * bytes);
  });

  it('is not believed where the file is another one when the read is continued', async () => {
    const source = await (await open()).open(FILE);
    cutBodies(
      (at) => ({ chunked: true, cutAfterBytes: at }),
      () => 20 * KIB,
    );
    hub.faults.add({ origin: 'cdn', methodRe: '^GET$', after: 1, action: { type: 'etagFlip' } });
    const error = await source.read(RANGE).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ tag: 'source-changed', fields: { file: FILE, byte: RANGE.start + 20 * KIB } });
    expect(String(error)).toContain('its ETag was');
    expect(bodies().length).toBe(2);
  });
});

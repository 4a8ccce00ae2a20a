import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { repoFile } from '../../../e2e/support/hub/repo.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { createNodeDigest } from '../convert/sha256.node.ts';
import { isLoomError, type LoomError } from '../errors.ts';
import { createManners } from '../hub/manners.ts';
import { hastyClock } from '../source/clock.fixture.ts';
import { createNodeFetch } from '../source/fetch.node.ts';
import { openLocal } from '../source/folder.node.ts';
import { checkFolder, parseProof } from './folder.ts';
import { openPublishJournal, publishCache } from './journal.node.ts';
import { type PublishOptions, previewPublication, publishFolder } from './run.ts';
import { parsePublishTarget } from './target.ts';

const PART = 8 * 1024;
const REPO = 'owner/published';
const SHARDS = { 'model-00001-of-00002.safetensors': 45 * PART + 17, 'model-00002-of-00002.safetensors': 25 * PART };
const SMALL = 'tokenizer.model';
const NEEDED = 70 * PART + 17 + 1000;
let hub: HubServer;
let work: string;
let folder: string;
let env: Record<string, string>;
const sums: Record<string, string> = {};

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-publish-'));
  folder = join(work, 'model');
  writeModel();
});
beforeEach(async () => {
  hub = await startHub({ repos: [], partBytes: 8 * PART });
  env = { XDG_CACHE_HOME: mkdtempSync(join(work, 'cache-')) };
});
afterEach(() => hub.close());
afterAll(() => rmSync(work, { recursive: true, force: true }));

function writeModel(): void {
  folder = mkdtempSync(join(work, 'model-'));
  writeWeights();
  put(SMALL, randomBytes(1000));
  put('config.json', '{"model_type":"qwen3_moe"}');
  put('README.md', '# A model\n');
  put('model.safetensors.index.json', '{"weight_map":{}}');
}

function writeWeights(): void {
  for (const [name, size] of Object.entries(SHARDS)) put(name, randomBytes(size));
  put('moe-loom-report.json', report(sums));
}

function put(name: string, content: Uint8Array | string): void {
  writeFileSync(join(folder, name), content);
  sums[name] = createHash('sha256').update(content).digest('hex');
}

function report(sha256: Readonly<Record<string, string>>): string {
  const stated = Object.fromEntries(Object.keys(SHARDS).map((name) => [name, sha256[name]]));
  return JSON.stringify({ scope: 'whole', shards: Object.keys(SHARDS), verified: { equal: true }, sha256: stated });
}

async function publish(change: Partial<PublishOptions> & { readonly branch?: string } = {}) {
  const files = await openLocal(folder);
  const target = parsePublishTarget(REPO, change.branch);
  const proof = parseProof(readFileSync(join(folder, 'moe-loom-report.json'), 'utf8'), 'moe-loom-report.json');
  const entries = await files.list();
  return publishFolder({
    target,
    files,
    folder: checkFolder(folder, entries, [], proof),
    journal: await openPublishJournal({ ...target, endpoint: hub.url, folder }, env),
    message: 'Add a model',
    private: false,
    endpoint: hub.url,
    token: 'hf_owner',
    fetch: createNodeFetch({}),
    createDigest: createNodeDigest,
    ...createManners({ clock: hastyClock() }),
    ...change,
  });
}

async function refusal(task: Promise<unknown>): Promise<LoomError> {
  try {
    await task;
  } catch (error) {
    if (isLoomError(error)) return error;
    throw error;
  }
  throw new Error('was not refused');
}

/** The branch has the folder, byte for byte. */
function expectWhole(branch = 'main'): void {
  const there = hub.contentsOf(REPO, branch);
  for (const [name, sha256] of Object.entries(sums))
    expect(
      createHash('sha256')
        .update(there.get(name) ?? '')
        .digest('hex'),
      name,
    ).toBe(sha256);
}

describe('a folder that is published', () => {
  it('lands in one commit of a repository that is made for it, with every byte', async () => {
    const told: string[] = [];
    const done = await publish({ onFile: (file) => told.push(file), private: true });
    expectWhole();
    expect(hub.historyOf(REPO)).toEqual(['Add a model', 'Add files']);
    expect(done).toMatchObject({
      repo: REPO,
      branch: 'main',
      created: true,
      committed: true,
      commit: hub.headOf(REPO),
    });
    expect(done.url).toBe(`${hub.url}/${REPO}/tree/${done.commit}`);
    expect(done.sent).toBe(NEEDED);
    expect(hub.uploadedBytes).toBe(done.sent);
    expect(done.files.find(({ file }) => file === 'config.json')).toMatchObject({ storage: 'git', sha256: null });
    const [first] = Object.keys(SHARDS);
    expect(done.files.find(({ file }) => file === first)).toMatchObject({ storage: 'lfs', sha256: sums[first ?? ''] });
    expect(told.sort()).toEqual([...Object.keys(SHARDS), SMALL].sort());
  });

  it('is not committed a second time where nothing changed, and only with what did', async () => {
    const { commit } = await publish();
    const again = await publish();
    expect(again).toMatchObject({ commit, committed: false, created: false, sent: 0 });
    expect(hub.historyOf(REPO)).toHaveLength(2);
    put('README.md', '# Another card\n');
    const third = await publish({ message: 'Say more' });
    expect(third.files.filter(({ state }) => state === 'committed').map(({ file }) => file)).toEqual(['README.md']);
    expectWhole();
    put('README.md', '# A model\n');
  });

  it('goes to a branch that is made for it', async () => {
    await publish();
    await publish({ branch: 'experts/stacked' });
    expectWhole('experts/stacked');
  });

  it('is previewed without a change on the Hub', async () => {
    const files = await openLocal(folder);
    const entries = await files.list();
    const target = parsePublishTarget(REPO);
    const ask = async () =>
      previewPublication({
        target,
        files,
        folder: checkFolder(folder, entries, [], null),
        journal: await openPublishJournal({ ...target, endpoint: hub.url, folder }, env),
        message: '',
        private: false,
        endpoint: hub.url,
        token: 'hf_owner',
      });
    expect(await ask()).toMatchObject({
      exists: false,
      unchanged: 0,
      bytes: entries.reduce((s, e) => s + e.byteLength, 0),
    });
    expect(hub.repos).toEqual([]);
    await publish();
    expect(await ask()).toMatchObject({ exists: true, unchanged: entries.length, bytes: 0 });
    expect(hub.historyOf(REPO)).toHaveLength(2);
  });
});

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

describe('a publication that is refused', () => {
  it('says that somebody else committed, and lands on top of that without sending again', async () => {
    await publish();
    put('README.md', '# Mine\n');
    put(SMALL, randomBytes(900));
    const platform = createNodeFetch({});
    const late: typeof fetch = (input, init) => {
      if (String(input).includes('/commit/')) hub.commit(REPO, [repoFile('theirs.txt', 'theirs')]);
      return platform(input, init);
    };
    const error = await refusal(publish({ fetch: late }));
    expect(error.tag).toBe('source-changed');
    expect(error.message).toMatch(
      /Somebody else committed to main of owner\/published.*Nothing was committed.*publish again/,
    );
    const sent = hub.uploadedBytes;
    await publish();
    expect(hub.uploadedBytes).toBe(sent);
    expectWhole();
    put('README.md', '# A model\n');
  });

  it('names a file whose bytes are not those that were proven, before it asks the Hub', async () => {
    const [first = ''] = Object.keys(SHARDS);
    const whole = readFileSync(join(folder, first));
    writeFileSync(
      join(folder, first),
      Buffer.concat([whole.subarray(0, 50), Buffer.from([whole[50] === 0 ? 1 : 0]), whole.subarray(51)]),
    );
    const error = await refusal(publish());
    expect(error.tag).toBe('source-hash-wrong');
    expect(error.message).toMatch(new RegExp(`^${first} does not have the bytes that were proven`));
    expect(hub.journal).toEqual([]);
    writeFileSync(join(folder, first), whole);
  });

  it('names a file that the Hub received with another SHA-256, and commits nothing', async () => {
    hub.switches.spoilsUploads = true;
    const error = await refusal(publish());
    expect(error.tag).toBe('source-hash-wrong');
    expect(error.message).toMatch(/^The Hub did not take model-00001-of-00002.safetensors twice/);
    expect(hub.historyOf(REPO)).toHaveLength(1);
    hub.switches.spoilsUploads = false;
    await publish();
    expectWhole();
  });

  it('tells apart no token, one that is not accepted, one that may not write, and a private repository', async () => {
    expect((await refusal(publish({ token: undefined }))).message).toMatch(/hf auth login/);
    expect(hub.journal).toEqual([]);
    const wrong = await refusal(publish({ token: 'hf_unknown' }));
    expect([wrong.tag, wrong.message]).toEqual(['token-rejected', expect.stringMatching(/write access/)]);
    const poor = await refusal(publish({ token: 'hf_member' }));
    expect([poor.tag, poor.message]).toEqual([
      'access-denied',
      expect.stringMatching(/may not write to owner\/published/),
    ]);
    hub.addRepo({ id: REPO, files: [], private: true });
    const hidden = await refusal(publish({ token: 'hf_member' }));
    expect([hidden.tag, hidden.message]).toEqual(['access-denied', expect.stringMatching(/may not write/)]);
    const strangers = [wrong, poor, hidden].map(({ message }) => message).join();
    expect(strangers).not.toMatch(/hf_(unknown|member)/);
  });

  it('does not put into public what was to be private', async () => {
    hub.addRepo({ id: REPO, files: [] });
    const error = await refusal(publish({ private: true }));
    expect([error.tag, error.message]).toEqual(['usage', expect.stringMatching(/is public/)]);
    expect(hub.journal.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('says that an object is too large for the repository', async () => {
    hub.switches.mostLfsBytes = 1024;
    expect((await refusal(publish())).message).toMatch(/does not take model-00001-of-00002.safetensors \(422\)/);
  });
});

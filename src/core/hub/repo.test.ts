import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../../e2e/support/hub/exchange.ts';
import type { FaultAction, FaultRule } from '../../../e2e/support/hub/faults.ts';
import { presetRepos } from '../../../e2e/support/hub/presets.ts';
import { qwen3Moe235b } from '../../../e2e/support/hub/qwen3-moe.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { createGate, type Pause, SLOTS } from '../remote/gate.ts';
import { hastyClock } from '../source/clock.fixture.ts';
import type { HubRequest } from './client.ts';
import { type OpenHubOptions, openHubRepo } from './repo.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const CLOSED = 'Qwen/closed-235B';
const TINY = 'preset/per-expert-tiny';
let hub: HubServer;

beforeAll(async () => {
  const big = qwen3Moe235b({ layout: 'per-expert' });
  const closed = { ...big, id: CLOSED, gated: 'auto' as const };
  hub = await startHub({ repos: [big, closed, ...presetRepos()] });
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.faults.clear();
  hub.clearJournal();
});

function open(reference: string, options: OpenHubOptions = {}) {
  const gate = createGate({ clock: hastyClock(), random: () => 0 });
  return openHubRepo(reference, { endpoint: hub.url, gate, ...options });
}

function strike(action: FaultAction, rule: Partial<FaultRule> = {}): void {
  hub.faults.add({ ...rule, action });
}

function requests(kind: JournalEntry['class']): readonly JournalEntry[] {
  return hub.journal.filter((entry) => entry.class === kind);
}

async function errorOf(work: Promise<unknown>) {
  try {
    await work;
  } catch (error) {
    expect(error).toMatchObject({ name: 'LoomError' });
    return error as Error & { tag: string; fields: Record<string, unknown> };
  }
  throw new Error('it did not fail');
}

async function readStart(reference: string, options: OpenHubOptions = {}, name?: string) {
  const repo = await open(reference, options);
  const file = name ?? repo.files.find((one) => one.name.endsWith('.safetensors'))?.name ?? '';
  return (await repo.open(file)).read({ start: 0, end: 8 });
}

describe('a repo of the Hub', () => {
  it('is one API call: commit, names, sizes and hashes', async () => {
    const repo = await open(TINY);
    const sha = hub.headOf(TINY);
    expect(hub.journal.map(({ path }) => path)).toEqual([`/api/models/${TINY}/revision/main?blobs=true`]);
    expect(repo).toMatchObject({ repo: TINY, commit: sha, requestedRevision: 'main', path: '', movedTo: null });
    expect(repo).toMatchObject({ identity: `${TINY}@${sha}`, gated: false, private: false, endpoint: hub.url });
    const shard = repo.files.find(({ name }) => name.endsWith('.safetensors'));
    expect(shard?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect((await repo.open(shard?.name ?? '')).key).toBe(`sha256:${shard?.sha256}`);
    expect((await repo.open('config.json')).key).toMatch(/^git:[0-9a-f]{40}$/);
    expect(repo.url()).toBe(`${hub.url}/${TINY}/tree/${sha}`);
    expect(repo.url('config.json')).toBe(`${hub.url}/${TINY}/blob/${sha}/config.json`);
    expect(hub.journal.length).toBe(1);
  });

  it('stays at its commit when the branch moves on', async () => {
    const repo = await open(TINY);
    const before = repo.commit;
    strike({ type: 'commitFlip', repo: TINY }, { pathRe: '/resolve/', times: 1 });
    await openCheckpoint(repo, { index: 'later' });
    expect(hub.headOf(TINY)).not.toBe(before);
    for (const { path } of requests('resolver')) expect(path).toContain(before);
  });

  it('shows a sub-folder under its own names, also when a file in it is named', async () => {
    for (const path of ['tree/main/weights', 'blob/main/weights/model.safetensors.index.json']) {
      const repo = await open(`${hub.url}/preset/subfolder/${path}`);
      expect(repo.path).toBe('weights');
      expect(repo.files.some(({ name }) => name === 'model.safetensors.index.json')).toBe(true);
      expect(repo.identity).toBe(`preset/subfolder@${repo.commit}/weights`);
      expect((await openCheckpoint(repo)).tensors.size).toBeGreaterThan(10);
    }
    const error = await errorOf(open(`${hub.url}/preset/subfolder/tree/main/elsewhere`));
    expect(error.tag).toBe('path-not-found');
    expect(error.message).toMatch(/holds no folder or file elsewhere at commit [0-9a-f]{7}\. Leave the path out/);
  });

  it('reads another ref, and a repo that was renamed or spelled otherwise', async () => {
    const pull = await open('preset/pull-request@refs/pr/1');
    expect(pull.requestedRevision).toBe('refs/pr/1');
    expect(hub.journal[0]?.path).toContain('/revision/refs%2Fpr%2F1?');
    expect((await openCheckpoint(pull)).shards.map(({ file }) => file)).toEqual(['model.safetensors']);
    const renamed = await open('preset/old-name');
    expect(renamed).toMatchObject({ repo: 'preset/new-name', movedTo: 'preset/new-name' });
    expect((await open('PRESET/Dense')).movedTo).toBe('preset/dense');
    hub.clearJournal();
    await (await renamed.open('config.json')).read({ start: 0, end: 1 });
    expect(hub.journal[0]?.path).toContain(`/preset/new-name/resolve/${renamed.commit}/`);
  });

  it('lets an LFS pointer instead of a shard show itself', async () => {
    const checkpoint = await openCheckpoint(await open('preset/pointer-shard'));
    expect(checkpoint.findings.map(({ message }) => message).join()).toContain('Git LFS pointer');
  });

  it('ends the read where a second range of a file comes with another ETag', async () => {
    const repo = await open(TINY);
    const [first, second] = repo.files.filter((one) => one.name.endsWith('.safetensors'));
    const read = async (name = '') => (await repo.open(name)).read({ start: 0, end: 8 });
    await read(first?.name);
    expect((await read(first?.name)).length).toBe(8);
    strike({ type: 'etagFlip' }, { origin: 'cdn' });
    const error = await errorOf(read(first?.name));
    expect(error).toMatchObject({ tag: 'source-changed', fields: { file: first?.name } });
    expect(error.message).toMatch(/its ETag was "[^"]+" and is now "[^"]+"/);
    expect((await read(second?.name)).length).toBe(8);
  });

  it('sends no request once it is cancelled', async () => {
    const abort = new AbortController();
    let sent = 0;
    const onRequest = ({ phase }: HubRequest) => {
      if (phase === 'sent') sent++;
    };
    const repo = await open(BIG, { onRequest });
    const seen: number[] = [];
    const opening = openCheckpoint(repo, {
      index: 'later',
      signal: abort.signal,
      onShard: ({ done }) => {
        if (done !== 10) return;
        abort.abort();
        seen.push(sent);
      },
    });
    expect((await errorOf(opening)).tag).toBe('cancelled');
    expect((await errorOf(open(TINY, { signal: abort.signal, onRequest }))).tag).toBe('cancelled');
    await quiet();
    expect(seen).toEqual([sent]);
    expect(sent).toBeLessThanOrEqual(12 + SLOTS);
  });
});

/** Waits until nothing arrives any more: what was under way may still follow its redirect. */
async function quiet(): Promise<void> {
  for (let before = -1; before !== hub.journal.length; ) {
    before = hub.journal.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe('the token', () => {
  it('goes to the Hub alone, and into no text', async () => {
    const token = 'hf_member';
    const repo = await open('preset/gated-auto', { token });
    expect(repo.gated).toBe('auto');
    const checkpoint = await openCheckpoint(repo);
    expect(requests('cdn').length).toBeGreaterThan(2);
    expect(requests('cdn').every(({ hasAuthorization }) => !hasAuthorization)).toBe(true);
    expect(requests('resolver').every(({ hasAuthorization }) => hasAuthorization)).toBe(true);
    expect(requests('api').every(({ hasAuthorization }) => !hasAuthorization)).toBe(true);
    const keys = await Promise.all(repo.files.map(async ({ name }) => (await repo.open(name)).key));
    expect(JSON.stringify([repo, checkpoint.identity, keys])).not.toContain(token);
  });

  it('is not sent without need, and not to a Hub that only the reference names', async () => {
    await readStart(TINY);
    await readStart(`${hub.url}/${TINY}`, { endpoint: 'https://huggingface.co', token: 'hf_member' });
    expect(hub.journal.some(({ hasAuthorization }) => hasAuthorization)).toBe(false);
  });

  it('is refused when a header could not carry it', async () => {
    const error = await errorOf(open(TINY, { token: 'hf_a\nb' }));
    expect(error.tag).toBe('token-rejected');
    expect(error.message).not.toContain('hf_a');
    expect(hub.journal.length).toBe(0);
  });
});

describe('refusals', () => {
  const rejected =
    'The Hub does not accept the token. Make a new one with read access at HUB/settings/tokens, or continue without one.';
  const cases: readonly (readonly [string, string, string | undefined, string, string])[] = [
    [
      'missing, anonymous',
      'preset/nowhere',
      undefined,
      'repo-not-found',
      'There is no public model preset/nowhere: it does not exist, is private, or is spelled differently. Check the name, or sign in with an account that may read it.',
    ],
    [
      'private, anonymous',
      'preset/private',
      undefined,
      'repo-not-found',
      'There is no public model preset/private: it does not exist, is private, or is spelled differently. Check the name, or sign in with an account that may read it.',
    ],
    [
      'private, another account',
      'preset/private',
      'hf_reader',
      'repo-not-found',
      'There is no model preset/private that your account may see. Check the name at HUB/preset/private, or use a token of an account that may read it.',
    ],
    [
      'private, token without scope',
      'preset/private',
      'hf_noscope',
      'access-denied',
      'The token may not read preset/private. Give it read access to this repository at HUB/settings/tokens, or use another one.',
    ],
    ['private, expired token', 'preset/private', 'hf_expired', 'token-rejected', rejected],
    [
      'bad revision',
      'preset/dense@v9',
      undefined,
      'revision-not-found',
      'preset/dense has no branch, tag or commit "v9". Check the revision, or leave it out to read main.',
    ],
    [
      'gated, anonymous',
      'preset/gated-manual',
      undefined,
      'repo-gated',
      'preset/gated-manual is gated: its files go only to accounts that accepted its terms. Accept them at HUB/preset/gated-manual, then sign in or enter a token of that account.',
    ],
    [
      'gated, not let in',
      'preset/gated-manual',
      'hf_reader',
      'repo-gated',
      'preset/gated-manual is gated, and your account does not have access. Ask for access at HUB/preset/gated-manual; when it is granted, open the model again.',
    ],
    [
      'gated, garbage token',
      'preset/gated-manual',
      'hf_garbage',
      'repo-gated',
      'preset/gated-manual is gated: its files go only to accounts that accepted its terms. The Hub did not take the token for one of these. Check the token at HUB/settings/tokens, and the terms at HUB/preset/gated-manual.',
    ],
    [
      'disabled',
      'preset/disabled',
      undefined,
      'repo-disabled',
      'The Hub has disabled preset/disabled and serves none of its files. Look at HUB/preset/disabled for the reason, or open a copy that you have on disk.',
    ],
  ];

  it.each(cases)('%s', async (_case, reference, token, tag, message) => {
    const error = await errorOf(readStart(reference, { token }));
    const expected = message.replaceAll('HUB', hub.url);
    expect(error).toMatchObject({ tag, message: expected });
    if (token) expect(JSON.stringify([error.message, error.fields])).not.toContain(token);
  });

  it('names the file that is not there', async () => {
    const repo = await open(TINY);
    const error = await errorOf(repo.open('nope.json'));
    expect(error.tag).toBe('path-not-found');
    expect(error.message).toMatch(/holds no file nope.json at commit [0-9a-f]{7}\. Check the name/);
    strike({ type: '404entry' }, { pathRe: '/resolve/' });
    const gone = await errorOf((await repo.open('config.json')).read({ start: 0, end: 1 }));
    expect(gone).toMatchObject({ tag: 'path-not-found' });
    expect(gone.message).toContain(`Check its files at ${hub.url}/${TINY}/tree/main, then open it again.`);
  });

  it('stops when access is taken away or the repo is disabled on the way', async () => {
    strike({ type: 'gateRevoked' }, { pathRe: '/resolve/' });
    expect((await errorOf(readStart(TINY))).tag).toBe('repo-gated');
    hub.faults.clear();
    strike({ type: 'disabled403' }, { pathRe: '/resolve/' });
    expect((await errorOf(readStart(TINY))).tag).toBe('repo-disabled');
    hub.faults.clear();
    strike({ type: '404repo' }, { pathRe: '/resolve/' });
    expect((await errorOf(readStart(TINY))).tag).toBe('repo-not-found');
  });

  it.each([
    ['repo-gated', { type: 'gateRevoked' }, 'hub', SLOTS + 8],
    ['network', { type: 'reset' }, 'cdn', 100],
    ['rate-limited', { type: 'rate429' }, 'hub', 100],
  ] as const)('%s of some shards spares asking for all 118', async (tag, action, origin, most) => {
    const repo = await open(BIG);
    strike(action, { origin });
    hub.clearJournal();
    expect((await errorOf(openCheckpoint(repo, { index: 'later' }))).tag).toBe(tag);
    expect(requests('resolver').length).toBeLessThanOrEqual(most);
  });

  it('asks for one file first where the listing says that they may be refused', async () => {
    const repo = await open(CLOSED);
    hub.clearJournal();
    expect((await errorOf(openCheckpoint(repo, { index: 'later' }))).tag).toBe('repo-gated');
    expect(requests('resolver').length).toBe(1);
  });

  it('tells outages and lost connections after four attempts', async () => {
    strike({ type: '5xx', status: 502, html: true });
    const ill = await errorOf(open(TINY));
    expect(ill).toMatchObject({ tag: 'server-error' });
    expect(ill.message).toBe(
      `${new URL(hub.url).host} could not answer for the listing of ${TINY} (502). Try again in a few minutes; https://status.huggingface.co lists outages.`,
    );
    expect(hub.journal.length).toBe(4);
    const gone = await startHub({ repos: [] });
    await gone.close();
    const lost = await errorOf(open(TINY, { endpoint: gone.url }));
    expect(lost.tag).toBe('network');
    expect(lost.message).toContain(`${new URL(gone.url).host} takes no connection (ECONNREFUSED).`);
  });

  it('takes no listing from elsewhere and none that is not one', async () => {
    strike({ type: 'redirectToEvil' }, { pathRe: '^/api/' });
    expect((await errorOf(open(TINY, { token: 'hf_member' }))).tag).toBe('redirect-unsafe');
    expect(requests('cdn').every(({ hasAuthorization }) => !hasAuthorization)).toBe(true);
    hub.faults.clear();
    strike({ type: 'redirectLoop' }, { pathRe: '^/api/' });
    expect((await errorOf(open(TINY, { retries: 0 }))).tag).toBe('network');
  });

  it('reads past passing failures: 5xx, resets and spent signatures', async () => {
    const sound = await readStart(TINY);
    const passing: FaultAction[] = [
      { type: '5xx' },
      { type: 'reset' },
      { type: 'sigExpired' },
      { type: 'truncateChunked', bytes: 3 },
    ];
    for (const action of passing) {
      hub.faults.clear();
      strike(action, { origin: 'cdn', times: 1 });
      expect(await readStart(TINY)).toEqual(sound);
    }
    strike({ type: 'sigExpired' }, { origin: 'cdn' });
    hub.clearJournal();
    expect((await errorOf(readStart(TINY))).tag).toBe('link-expired');
    expect(requests('cdn').length).toBe(2);
  });
});

describe('a gateway', () => {
  it('that refuses with a page of its own is not taken for the Hub', async () => {
    const page = new Response('<html>Blocked by policy</html>', {
      status: 403,
      headers: { 'Content-Type': 'text/html; charset=utf-8' },
    });
    const error = await errorOf(open(TINY, { fetch: async () => page.clone() }));
    expect(error).toMatchObject({ tag: 'http-status', fields: { status: 403 } });
    expect(error.message).toMatch(/is a web page, not one of the Hub's own: a proxy or gateway on the way to 127/);
    const own = new Response('{}', { status: 403, headers: { 'Content-Type': 'application/json' } });
    expect((await errorOf(open(TINY, { fetch: async () => own.clone() }))).tag).toBe('access-denied');
  });
});

describe('a 429', () => {
  it('makes all requests wait, and all go on', async () => {
    const pauses: Pause[] = [];
    const gate = createGate({ clock: hastyClock(), random: () => 0, onPause: (pause) => pauses.push(pause) });
    const repo = await open(BIG, { gate });
    strike({ type: 'rate429', retryAfter: 7 }, { pathRe: '/resolve/.*safetensors', nth: 20 });
    const checkpoint = await openCheckpoint(repo, { index: 'later' });
    expect(checkpoint.shards.length).toBe(118);
    expect(pauses.map(({ reason }) => reason)).toEqual(['rate-limited']);
    expect(requests('cdn').length).toBe(118);
  }, 60_000);

  it('that never ends is told, with how long to wait', async () => {
    strike({ type: 'rate429', t: 42 }, { pathRe: '/resolve/' });
    const error = await errorOf(readStart(TINY));
    expect(error).toMatchObject({ tag: 'rate-limited', fields: { retryAfter: 43 } });
    expect(error.message).toBe(
      `${new URL(hub.url).host} has received too many requests from this address (429). Wait 43 s, then retry; signing in raises the limit.`,
    );
  });
});

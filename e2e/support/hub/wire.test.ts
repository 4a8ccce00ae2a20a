import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EXPOSED_HEADERS } from './hub-headers.ts';
import { presetRepos } from './presets.ts';
import { qwen3Moe235b } from './qwen3-moe.ts';
import { type HubServer, startHub } from './server.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const SHARD = 'model-00003-of-00118.safetensors';
const APP = 'http://127.0.0.1:9';
let hub: HubServer;
let time = 1_700_000_000_000;

beforeAll(async () => {
  hub = await startHub({ repos: [qwen3Moe235b({ layout: 'per-expert' }), ...presetRepos()], now: () => time });
});
afterAll(() => hub.close());
beforeEach(() => hub.clearJournal());

type Headers = Record<string, string>;

function get(path: string, headers: Headers = {}, init: RequestInit = {}): Promise<Response> {
  const url = path.startsWith('http') ? path : hub.url + path;
  return fetch(url, { redirect: 'manual', ...init, headers: { Origin: APP, ...headers } });
}

async function locationOf(path: string, headers: Headers = {}): Promise<string> {
  const res = await get(path, headers);
  expect(res.status).toBe(302);
  await res.text();
  return res.headers.get('location') ?? '';
}

async function json<T>(path: string, headers: Headers = {}): Promise<T> {
  return (await (await get(path, headers)).json()) as T;
}

function bearer(token: string): Headers {
  return { Authorization: `Bearer ${token}` };
}

describe('the API', () => {
  it('answers with the exact CORS and quota headers', async () => {
    const res = await get(`/api/models/${BIG}`);
    expect(res.headers.get('access-control-allow-origin')).toBe(APP);
    expect(res.headers.get('access-control-expose-headers')).toBe(EXPOSED_HEADERS);
    expect(EXPOSED_HEADERS.split(',').length).toBe(12);
    expect(res.headers.get('access-control-max-age')).toBe('86400');
    expect(res.headers.get('access-control-allow-credentials')).toBe(null);
    expect(res.headers.get('vary')).toBe('Origin');
    expect(res.headers.get('ratelimit')).toMatch(/^"api";r=\d+;t=\d+$/);
    expect(res.headers.get('ratelimit-policy')).toBe('"fixed window";"api";q=500;w=300');
    expect(res.headers.get('x-request-id')).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    expect(res.headers.get('etag')).toMatch(/^W\//);
    const bare = await fetch(`${hub.url}/api/models/preset/dense`);
    expect(bare.headers.get('access-control-allow-origin')).toBe('https://huggingface.co');
  });

  it('describes a model, its blobs, or the fields asked for', async () => {
    type Info = {
      sha: string;
      siblings: { rfilename: string; size?: number; lfs?: { sha256: string; size: number } }[];
    };
    const info = await json<Info>(`/api/models/${BIG}/revision/main?blobs=true`);
    const shard = info.siblings.find(({ rfilename }) => rfilename === SHARD);
    expect(info.sha).toBe(hub.headOf(BIG));
    expect(shard?.lfs?.size).toBe(shard?.size);
    expect(shard?.lfs?.sha256).toMatch(/^[0-9a-f]{64}$/);
    const expanded = await json<Record<string, unknown>>(`/api/models/${BIG}?expand=sha&expand[]=safetensors`);
    expect(Object.keys(expanded).sort()).toEqual(['_id', 'id', 'safetensors', 'sha']);
    expect(expanded.safetensors).toEqual({ parameters: { BF16: 235_093_634_560 }, total: 235_093_634_560 });
    expect((await get(`/api/models/${BIG}?expand=nonsense`)).status).toBe(400);
  });

  it('sends other spellings and old names on with a relative 307', async () => {
    const renamed = await get('/api/models/preset/old-name/revision/main?blobs=true');
    expect(renamed.status).toBe(307);
    expect(renamed.headers.get('location')).toBe('/api/models/preset/new-name/revision/main?blobs=true');
    const cased = await get('/qwen/qwen3-235b-a22b/resolve/main/config.json');
    expect(cased.headers.get('location')).toBe(`/${BIG}/resolve/main/config.json`);
  });

  it('pages a tree by absolute links', async () => {
    type Entry = { path: string; type: string };
    const paths: string[] = [];
    let url: string | undefined = '/api/models/preset/many-files/tree/main?recursive=true';
    let pages = 0;
    while (url !== undefined) {
      const res: Response = await get(url);
      paths.push(...((await res.json()) as Entry[]).map(({ path }) => path));
      url = /<(https?:[/][/][^>]+)>;\s+rel="next"/.exec(res.headers.get('link') ?? '')?.[1];
      pages += 1;
    }
    expect(pages).toBe(3);
    expect(new Set(paths).size).toBe(2500 + 25 + 1);
    const top = await json<Entry[]>('/api/models/preset/many-files/tree/main');
    expect(top).toEqual([expect.objectContaining({ type: 'directory', path: 'data' })]);
    const expanded = await json<Entry[]>('/api/models/preset/many-files/tree/main/data/part-00?expand=true');
    expect(expanded.length).toBe(50);
  });

  it('takes a revision encoded or raw', async () => {
    for (const revision of ['refs%2Fpr%2F1', 'refs/pr/1']) {
      const entries = await json<{ path: string }[]>(`/api/models/preset/pull-request/tree/${revision}`);
      expect(entries.some(({ path }) => path === 'model.safetensors')).toBe(true);
    }
  });

  it('tells paths by JSON and by form, leaving out what is missing', async () => {
    const url = `/api/models/${BIG}/paths-info/main`;
    const body = JSON.stringify({ paths: [SHARD, 'nope'] });
    const byJson = await get(url, { 'Content-Type': 'application/json' }, { method: 'POST', body });
    const form = new URLSearchParams([
      ['paths', SHARD],
      ['paths', 'nope'],
    ]);
    const byForm = await get(url, {}, { method: 'POST', body: form });
    const entries = await byJson.json();
    expect(entries).toEqual(await byForm.json());
    expect(entries).toEqual([expect.objectContaining({ path: SHARD, xetHash: expect.any(String) })]);
  });

  it('answers a preflight with what was asked', async () => {
    const asked = { 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'authorization' };
    const res = await get(`/api/models/${BIG}`, asked, { method: 'OPTIONS' });
    expect(res.status).toBe(200);
    expect(res.headers.get('access-control-allow-headers')).toBe('authorization');
    expect(res.headers.get('access-control-allow-methods')).toBe('GET');
    expect(hub.journal).toEqual([expect.objectContaining({ class: 'preflight', acrh: 'authorization' })]);
  });
});

describe('files', () => {
  it('leads a git file to the cache by 307, with 206 and 304', async () => {
    const res = await get(`/${BIG}/resolve/main/config.json`);
    expect(res.status).toBe(307);
    expect(res.headers.get('vary')).toBe('Origin, Accept');
    const location = res.headers.get('location') ?? '';
    expect(location).toMatch(new RegExp(`^/api/resolve-cache/models/${BIG}/[0-9a-f]{40}/config.json\\?.*etag=%22`));
    const part = await get(location, { Range: 'bytes=0-0' });
    expect(part.status).toBe(206);
    expect(await part.text()).toBe('{');
    const again = await get(location, { 'If-None-Match': part.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
    const whole = await json<{ num_experts: number }>(location);
    expect(whole.num_experts).toBe(128);
  });

  it('redirects a Xet file with linked headers to a signed address', async () => {
    const res = await get(`/${BIG}/resolve/main/${SHARD}`);
    expect(res.status).toBe(302);
    expect(res.headers.get('x-linked-etag')).toMatch(/^"[0-9a-f]{64}"$/);
    expect(res.headers.get('x-repo-commit')).toBe(hub.headOf(BIG));
    const location = new URL(res.headers.get('location') ?? '');
    expect(location.origin).toBe(hub.cdnUrl);
    expect(location.pathname).toMatch(/^\/xet-bridge-us\/[0-9a-f]{24}\/[0-9a-f]{64}$/);
    const head = await get(location.href, {}, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(res.headers.get('x-linked-size'));
    expect(head.headers.get('etag')).not.toBe(res.headers.get('x-linked-etag'));
    expect(head.headers.get('access-control-allow-origin')).toBe('*');
    expect(head.headers.get('access-control-expose-headers')).toBe('*');
  });

  it('binds a signed address to the range that was asked for', async () => {
    const path = `/${BIG}/resolve/main/${SHARD}`;
    const bound = await locationOf(path, { Range: 'bytes=0-7' });
    const good = await get(bound, { Range: 'bytes=0-7' });
    expect(good.status).toBe(206);
    expect(good.headers.get('content-range')).toMatch(/^bytes 0-7\/\d+$/);
    expect((await good.arrayBuffer()).byteLength).toBe(8);
    const bad = await get(bound, { Range: 'bytes=0-8' });
    expect([bad.status, await bad.text()]).toEqual([403, 'Auth failed: invalid range']);
    const free = await locationOf(path);
    expect((await get(free, { Range: 'bytes=4000000-4000009' })).status).toBe(206);
    hub.switches.rangeBinding = 'unbound';
    const unbound = await locationOf(path, { Range: 'bytes=0-7' });
    hub.switches.rangeBinding = 'bound';
    expect((await get(unbound, { Range: 'bytes=0-8' })).status).toBe(206);
  });

  it('lets an address expire, and knows a forged one', async () => {
    const location = await locationOf(`/${BIG}/resolve/main/${SHARD}`);
    const forged = await get(location.replace(/Signature=./, 'Signature=~'), { Range: 'bytes=0-7' });
    expect([forged.status, await forged.text()]).toEqual([403, 'Auth failed: signature']);
    time += 3_600_000;
    const late = await get(location, { Range: 'bytes=0-7' });
    expect([late.status, await late.text()]).toEqual([403, 'Auth failed: expired']);
  });

  it('answers 416 empty, and sends no whole shard', async () => {
    const location = await locationOf(`/${BIG}/resolve/main/${SHARD}`);
    const past = await get(location, { Range: 'bytes=9000000000-' });
    expect([past.status, await past.text(), past.headers.get('content-range')]).toEqual([416, '', null]);
    expect((await get(location)).status).toBe(501);
  });

  it('refuses credentials at the CDN, and fails whoever closes it after that', async () => {
    const other = await startHub({ repos: presetRepos() });
    expect((await get(`${other.cdnUrl}/any`, bearer('hf_owner'))).status).toBe(400);
    expect(other.leaks).toEqual(['GET /any']);
    await expect(other.close()).rejects.toThrow('Authorization reached the CDN: GET /any');
  });

  it('gives size and hashes without a redirect to those who ask for Xet information', async () => {
    const accept = { Accept: 'application/vnd.xet-fileinfo+json, */*' };
    const res = await get(`/${BIG}/resolve/main/${SHARD}`, accept);
    expect(res.status).toBe(200);
    expect(res.headers.get('content-type')).toBe('application/vnd.xet-fileinfo+json');
    expect(res.headers.get('link')).toContain('rel="xet-auth", <');
    expect(Number(res.headers.get('x-linked-size'))).toBeGreaterThan(3e9);
    expect((await get('/preset/lfs-tiny/resolve/main/model-00001-of-00003.safetensors', accept)).status).toBe(302);
  });

  it('gives a pointer at raw', async () => {
    const res = await get(`/${BIG}/raw/main/${SHARD}`);
    expect(await res.text()).toMatch(/^version https:\/\/git-lfs.*\noid sha256:[0-9a-f]{64}\nsize \d+\n$/);
  });
});

describe('refusals', () => {
  const file = 'resolve/main/config.json';
  const cases: [string, string, Headers, number, string | null][] = [
    ['missing, anonymous', `/no/such/${file}`, {}, 401, null],
    ['missing, signed in', `/no/such/${file}`, bearer('hf_reader'), 404, 'RepoNotFound'],
    ['private, anonymous', `/preset/private/${file}`, {}, 401, null],
    ['private, a stranger', `/preset/private/${file}`, bearer('hf_member'), 404, 'RepoNotFound'],
    ['private, its owner', `/preset/private/${file}`, bearer('hf_owner'), 307, null],
    ['gated, anonymous', `/preset/gated-auto/${file}`, {}, 401, 'GatedRepo'],
    ['gated, a dead token', `/preset/gated-auto/${file}`, bearer('hf_expired'), 401, 'GatedRepo'],
    ['gated, not accepted', `/preset/gated-auto/${file}`, bearer('hf_reader'), 403, 'GatedRepo'],
    ['gated, accepted', `/preset/gated-auto/${file}`, bearer('hf_member'), 307, null],
    ['gated, its description', '/api/models/preset/gated-auto', {}, 200, null],
    ['disabled', `/preset/disabled/${file}`, {}, 403, null],
    ['bad revision', '/preset/dense/resolve/nope/config.json', {}, 404, 'RevisionNotFound'],
    ['bad path', '/preset/dense/resolve/main/nope.json', {}, 404, 'EntryNotFound'],
    ['bad tree path', '/api/models/preset/dense/tree/main/nope', {}, 404, 'EntryNotFound'],
    ['public, a dead token', '/api/models/preset/dense', bearer('hf_expired'), 200, null],
  ];

  it.each(cases)('%s', async (_, path, headers, status, code) => {
    const res = await get(path, headers);
    expect([res.status, res.headers.get('x-error-code')]).toEqual([status, code]);
    expect(res.headers.get('access-control-allow-origin')).toBe(APP);
    if (status >= 400) expect(res.headers.get('x-error-message')).not.toBe(null);
  });

  it('says it in the words of the Hub', async () => {
    const text = await (await get(`/no/such/${file}`)).text();
    expect(text).toBe('Invalid username or password.');
    expect(await json('/api/models/no/such')).toEqual({ error: 'Invalid username or password.' });
    expect(await json('/api/models/preset/dense/revision/nope')).toEqual({ error: 'Invalid rev id: nope' });
    const missing = await get('/preset/dense/resolve/main/nope.json');
    expect([await missing.text(), missing.headers.get('x-repo-commit')]).toEqual([
      'Entry not found',
      hub.headOf('preset/dense'),
    ]);
  });

  it('turns workers.dev away without CORS', async () => {
    const res = await get('/api/models/preset/dense', { Referer: 'https://app.name.workers.dev/' });
    expect([res.status, res.headers.get('access-control-allow-origin')]).toEqual([404, null]);
  });

  it('counts quotas, and holds to them when told', async () => {
    const strict = await startHub({
      repos: presetRepos(),
      rateLimit: { enforce: true, anonymous: { api: 2, resolvers: 9, pages: 9 } },
    });
    const codes: number[] = [];
    for (let i = 0; i < 3; i += 1) codes.push((await fetch(`${strict.url}/api/models/preset/dense`)).status);
    strict.advanceClock(300);
    codes.push((await fetch(`${strict.url}/api/models/preset/dense`)).status);
    await strict.close();
    expect(codes).toEqual([200, 200, 429, 200]);
  });
});

describe('the journal', () => {
  it('follows a ranged read over both hops, without the token at the CDN', async () => {
    const range = { Range: 'bytes=0-99' };
    const res = await get(
      `/${BIG}/resolve/main/${SHARD}`,
      { ...range, ...bearer('hf_member') },
      { redirect: 'follow' },
    );
    await res.arrayBuffer();
    const [first, second] = hub.journal;
    expect(hub.journal.length).toBe(2);
    expect(first).toMatchObject({
      origin: 'hub',
      class: 'resolver',
      status: 302,
      hasAuthorization: true,
      range: 'bytes=0-99',
    });
    expect(second).toMatchObject({ origin: 'cdn', class: 'cdn', status: 206, hasAuthorization: false, bytesSent: 100 });
  });
});

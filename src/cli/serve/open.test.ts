import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServedConversion, ServedWish } from '../../core/index.ts';
import { json } from '../run.fixture.ts';
import { type Opened, startOpen } from './open.fixture.ts';

const SAMPLE = fileURLToPath(new URL('../../../public/samples/tiny-qwen3-moe', import.meta.url));
let work: string;
let served: string;
let results: string;
let opened: Opened;
let cookie: string;

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request, with every byte of its path and headers as given. */
function ask(path: string, { method = 'GET', headers = {}, body }: Ask = {}, at = opened.port): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: at, path, method, setHost: false, agent: false });
    request.setHeader('Host', `127.0.0.1:${at}`);
    for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
    request.on('error', reject);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    request.end(body);
  });
}

const known = (more: Readonly<Record<string, string>> = {}) => ({ Cookie: cookie, ...more });
const origin = () => `http://127.0.0.1:${opened.port}`;
const repo = 'local/model';

async function listing(): Promise<{ readonly sha: string; readonly names: string[] }> {
  const { body } = await ask(`/hub/api/models/${repo}/revision/main?blobs=true`, { headers: known() });
  const { sha, siblings } = JSON.parse(body.toString());
  return { sha, names: siblings.map(({ rfilename }: { rfilename: string }) => rfilename) };
}

const wish = (change: Partial<ServedWish> = {}): string =>
  JSON.stringify({
    repo,
    target: 'stacked',
    name: 'out',
    dtype: null,
    layers: null,
    keepRest: false,
    keepMtp: false,
    maxShardBytes: null,
    assume: null,
    ...change,
  } satisfies ServedWish);

const post = (body: string, headers: Readonly<Record<string, string>> = {}, path = '/conversion') =>
  ask(path, {
    method: 'POST',
    body,
    headers: known({ Origin: origin(), 'Content-Type': 'application/json', ...headers }),
  });

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-open-'));
  served = join(work, 'model');
  results = join(work, 'results');
  cpSync(SAMPLE, served, { recursive: true });
  mkdirSync(results);
  mkdirSync(join(work, 'elsewhere'));
  writeFileSync(join(work, 'secret.safetensors'), 'a secret');
  symlinkSync(join(work, 'secret.safetensors'), join(served, 'out.safetensors'));
  writeFileSync(join(served, 'text.safetensors'), join(work, 'secret.safetensors'));
  symlinkSync('/dev/zero', join(served, 'zero.safetensors'));
  symlinkSync(work, join(served, 'folder'));
  symlinkSync('config.json', join(served, 'inside.json'));
  linkSync(join(served, 'config.json'), join(served, 'hard.json'));
  symlinkSync(join(work, 'elsewhere'), join(results, 'away'));
  opened = await startOpen([served, '--convert-to', results]);
  const first = await ask(new URL(opened.link).pathname + new URL(opened.link).search);
  expect(first.status).toBe(303);
  cookie = (first.headers['set-cookie']?.[0] ?? '').split(';')[0] as string;
});
afterAll(async () => {
  await opened.end();
  rmSync(work, { recursive: true, force: true });
});

describe('moe-loom open', () => {
  it('gives the app to whoever opened its link, and its files as those of a Hub', async () => {
    const page = await ask('/', { headers: known() });
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.body.toString()).toContain('name="moe-loom-served"');
    const { sha, names } = await listing();
    expect(names).toContain('model-00001-of-00003.safetensors');
    const name = 'model-00001-of-00003.safetensors';
    const bytes = readFileSync(join(served, name));
    const part = await ask(`/hub/${repo}/resolve/${sha}/${name}`, { headers: known({ Range: 'bytes=8-99' }) });
    expect(part.status).toBe(206);
    expect(part.headers['content-range']).toBe(`bytes 8-99/${bytes.length}`);
    expect(part.body.equals(bytes.subarray(8, 100))).toBe(true);
    const whole = await ask(`/hub/${repo}/resolve/${sha}/${name}`, { headers: known() });
    expect(whole.body.equals(bytes)).toBe(true);
    const head = await ask(`/hub/${repo}/resolve/${sha}/${name}`, { method: 'HEAD', headers: known() });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, `${bytes.length}`, 0]);
  });

  it('keeps to the folder: links out of it, devices and folders are no files of it', async () => {
    const { names } = await listing();
    expect(names).toContain('inside.json');
    for (const name of [
      'out.safetensors',
      'text.safetensors',
      'zero.safetensors',
      'folder',
      'folder/secret.safetensors',
    ])
      expect(names).not.toContain(name);
  });

  it('says that files changed, and serves the new ones to a page that is loaded again', async () => {
    const before = await listing();
    writeFileSync(join(served, 'added.json'), '{}');
    const after = await listing();
    expect(after.sha).not.toBe(before.sha);
    const old = await ask(`/hub/${repo}/resolve/${before.sha}/config.json`, { headers: known() });
    expect([old.status, old.headers['x-error-code']]).toEqual([404, 'RevisionNotFound']);
    rmSync(join(served, 'added.json'));
  });

  it('converts where it may write, proves it, and serves the result', async () => {
    const begun = await post(wish());
    expect(begun.status).toBe(200);
    let state = JSON.parse(begun.body.toString()) as ServedConversion;
    while (state.status === 'running')
      state = JSON.parse((await ask('/conversion', { headers: known() })).body.toString()) as ServedConversion;
    expect(state).toMatchObject({ status: 'done', repo: 'local/out', out: join(results, 'out'), shardsDone: 1 });
    const verified = await json('verify', SAMPLE, join(results, 'out'));
    expect(verified.code).toBe(0);
    const { body } = await ask('/hub/api/models/local/out/revision/main', { headers: known() });
    expect(JSON.parse(body.toString()).id).toBe('local/out');
    // Two at once: one begins, the other is refused.
    const both = await Promise.all([post(wish({ name: 'one' })), post(wish({ name: 'two' }))]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    await post('{}', {}, '/conversion/stop');
    // The same name again: the folder is not empty.
    const again = await post(wish());
    expect([again.status, again.body.toString()]).toEqual([409, expect.stringContaining('not empty')]);
  });

  it('ends with Ctrl-C, and another run knows nothing of its sessions', async () => {
    const other = await startOpen([served]);
    const locked = await ask('/hub/api/models/local/model/revision/main', { headers: known() }, other.port);
    expect(locked.status).toBe(401);
    const writes = await ask('/conversion', { headers: known() }, other.port);
    expect(writes.status).toBe(401);
    const first = await ask(new URL(other.link).pathname + new URL(other.link).search, {}, other.port);
    const session = (first.headers['set-cookie']?.[0] ?? '').split(';')[0] as string;
    const headers = { Cookie: session, Origin: `http://127.0.0.1:${other.port}`, 'Content-Type': 'application/json' };
    const refused = await ask('/conversion', { method: 'POST', body: wish(), headers }, other.port);
    expect([refused.status, refused.body.toString()]).toEqual([403, expect.stringContaining('--convert-to')]);
    expect(await other.end()).toBe(0);
  });
});

const FILE = '/hub/local/model/resolve/main/config.json';

/** What must not get anything, each with the status that refuses it. */
const ATTACKS: [what: string, status: number, path: string, ask?: () => Ask][] = [
  ['a rebound name', 421, '/', () => ({ headers: known({ Host: 'evil.example' }) })],
  ['a rebound name with our port', 421, FILE, () => ({ headers: known({ Host: `evil.example:${opened.port}` }) })],
  ['a name that begins like ours', 421, FILE, () => ({ headers: known({ Host: '127.0.0.1.evil.example' }) })],
  ['the address of all interfaces', 421, FILE, () => ({ headers: known({ Host: '0.0.0.0' }) })],
  ['a foreign origin', 403, FILE, () => ({ headers: known({ Origin: 'https://evil.example' }) })],
  ['the origin null', 403, FILE, () => ({ headers: known({ Origin: 'null' }) })],
  ['another port of this machine', 403, FILE, () => ({ headers: known({ Origin: 'http://127.0.0.1:1' }) })],
  ['a request of another site', 403, FILE, () => ({ headers: known({ 'Sec-Fetch-Site': 'cross-site' }) })],
  ['a request of a neighbouring site', 403, FILE, () => ({ headers: known({ 'Sec-Fetch-Site': 'same-site' }) })],
  [
    'a frame of another site',
    403,
    '/',
    () => ({
      headers: known({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' }),
    }),
  ],
  ['no session', 401, FILE, () => ({})],
  ['no session on the page', 403, '/', () => ({})],
  [
    'a session that nobody has',
    401,
    FILE,
    () => ({ headers: { Cookie: `moe-loom-${opened.port}=${'A'.repeat(32)}` } }),
  ],
  ['two sessions', 401, FILE, () => ({ headers: { Cookie: `${cookie}; ${cookie}` } })],
  [
    'a token as a session',
    401,
    FILE,
    () => ({ headers: { Cookie: `moe-loom-${opened.port}=${new URL(opened.next()).searchParams.get('token')}` } }),
  ],
  ['a token that was used', 403, '/?token=used', () => ({})],
  ['a wrong token', 403, `/?token=${'A'.repeat(32)}`],
  ['an empty token', 403, '/?token='],
  ['parts that lead up', 400, '/hub/local/model/resolve/main/../../../../../etc/passwd', () => ({ headers: known() })],
  [
    'encoded parts that lead up',
    400,
    '/hub/local/model/resolve/main/%2e%2e/%2e%2e/etc/passwd',
    () => ({ headers: known() }),
  ],
  ['encoded separators', 400, '/hub/local/model/resolve/main/..%2f..%2fetc%2fpasswd', () => ({ headers: known() })],
  ['backslashes', 400, '/hub/local/model/resolve/main/..%5c..%5cwindows', () => ({ headers: known() })],
  [
    'twice encoded parts',
    404,
    '/hub/local/model/resolve/main/%252e%252e/secret.safetensors',
    () => ({ headers: known() }),
  ],
  ['a name with a zero byte', 400, '/hub/local/model/resolve/main/config.json%00.txt', () => ({ headers: known() })],
  ['an absolute path', 400, '/hub/local/model/resolve/main//etc/passwd', () => ({ headers: known() })],
  ['an absolute address', 400, 'http://127.0.0.1/etc/passwd', () => ({ headers: known() })],
  ['a link out of the folder', 404, '/hub/local/model/resolve/main/out.safetensors', () => ({ headers: known() })],
  ['a link written as text', 404, '/hub/local/model/resolve/main/text.safetensors', () => ({ headers: known() })],
  ['a device', 404, '/hub/local/model/resolve/main/zero.safetensors', () => ({ headers: known() })],
  [
    'a file behind a linked folder',
    404,
    '/hub/local/model/resolve/main/folder/secret.safetensors',
    () => ({ headers: known() }),
  ],
  ['a folder', 404, '/hub/local/model/resolve/main/folder', () => ({ headers: known() })],
  ['a source that was not named', 404, '/hub/local/other/resolve/main/config.json', () => ({ headers: known() })],
  ['a file of the app beside the app', 404, '/cli/moe-loom.js', () => ({ headers: known() })],
  ['many ranges', 416, FILE, () => ({ headers: known({ Range: `bytes=${'0-1,'.repeat(500)}0-1` }) })],
  ['a range beyond the end', 416, FILE, () => ({ headers: known({ Range: 'bytes=99999999-' }) })],
  ['a range of nonsense', 416, FILE, () => ({ headers: known({ Range: 'bytes=-0' }) })],
  ['a write of a file', 405, FILE, () => ({ method: 'PUT', headers: known({ Origin: origin() }), body: 'x' })],
  ['a removal', 405, FILE, () => ({ method: 'DELETE', headers: known({ Origin: origin() }) })],
  ['a write to a file', 404, FILE, () => ({ method: 'POST', headers: known({ Origin: origin() }), body: 'x' })],
  [
    'a write without an origin',
    403,
    '/conversion',
    () => ({ method: 'POST', headers: known({ 'Content-Type': 'application/json' }), body: wish() }),
  ],
  [
    'a write of a foreign origin',
    403,
    '/conversion',
    () => ({
      method: 'POST',
      headers: known({ Origin: 'https://evil.example', 'Content-Type': 'application/json' }),
      body: wish(),
    }),
  ],
  [
    'a write without a session',
    401,
    '/conversion',
    () => ({ method: 'POST', headers: { Origin: origin(), 'Content-Type': 'application/json' }, body: wish() }),
  ],
  [
    'a write as a form can send it',
    415,
    '/conversion',
    () => ({ method: 'POST', headers: known({ Origin: origin(), 'Content-Type': 'text/plain' }), body: wish() }),
  ],
  [
    'a wish that is no JSON',
    400,
    '/conversion',
    () => ({ method: 'POST', headers: known({ Origin: origin(), 'Content-Type': 'application/json' }), body: '{' }),
  ],
  [
    'a wish that is too long',
    409,
    '/conversion',
    () => ({
      method: 'POST',
      headers: known({ Origin: origin(), 'Content-Type': 'application/json' }),
      body: `"${'a'.repeat(300_000)}"`,
    }),
  ],
];

describe('moe-loom open refuses', () => {
  it.each(ATTACKS)('%s (%i)', async (_, status, path, more = () => ({})) => {
    const answer = await ask(path, more());
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).not.toMatch(/a secret|root:|"architectures"/);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('a link that was opened before', async () => {
    const link = opened.next();
    const path = new URL(link).pathname + new URL(link).search;
    expect((await ask(path)).status).toBe(303);
    expect((await ask(path)).status).toBe(403);
  });

  it.each([
    ['a folder above', '../out'],
    ['a path', 'a/b'],
    ['a Windows path', 'a\\b'],
    ['a hidden folder', '.ssh'],
    ['a flag', '-rf'],
    ['no name', ''],
    ['a name that ends in a dot', 'a.'],
    ['a device of Windows', 'nul'],
    ['another case of a folder that is there', 'AWAY'],
    ['a link that leads away', 'away'],
  ])('to write into %s', async (_, name) => {
    const answer = await post(wish({ name }));
    expect(answer.status).toBe(409);
    expect(existsSync(join(work, 'elsewhere', 'config.json'))).toBe(false);
    expect(existsSync(join(work, 'out'))).toBe(false);
  });

  it('a wish for what it does not know, with the part that is wrong', async () => {
    const wrong: [Partial<ServedWish>, string][] = [
      [{ target: 'nothing' }, '--to'],
      [{ layers: [-1] }, 'layers'],
      [{ dtype: 'f32' as 'bf16' }, 'dtype'],
      [{ assume: '; rm -rf /' }, '--assume'],
      [{ more: 1 } as never, 'more'],
    ];
    for (const [change, word] of wrong) {
      const answer = await post(wish({ name: 'never', ...change }));
      expect([answer.status, answer.body.toString()]).toEqual([409, expect.stringContaining(word)]);
    }
    expect((await post(wish({ repo: 'local/none' }))).status).toBe(404);
    expect(existsSync(join(results, 'never'))).toBe(false);
  });

  it('headers that are too long', async () => {
    const socket = connect(opened.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${'X-A: '.padEnd(20_000, 'a')}\r\n\r\n`);
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 431/);
  });
});

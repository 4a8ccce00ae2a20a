import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allRepos } from '../../e2e/support/hub/main.ts';
import { type HubServer, startHub } from '../../e2e/support/hub/server.ts';
import { hubFolder } from '../core/testing.fixture.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
const REPO = 'tiny/qwen3-moe';
let hub: HubServer;
let work: string;

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built program with nothing of the user's; SIGINT once `until` stands on standard error. */
function run(args: readonly string[], env: Record<string, string> = {}, until?: RegExp): Promise<Ran> {
  return new Promise((resolve) => {
    const clean = { PATH: process.env.PATH ?? '', HOME: join(work, 'nobody') };
    const child = spawn(process.execPath, [BIN, ...args], { env: { ...clean, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      const before = until?.test(stderr) === true;
      stderr += data;
      if (before || until?.test(stderr) !== true) return;
      child.kill('SIGINT');
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const tensorsOf = ({ stdout }: Ran) => JSON.parse(stdout).tensors as number;

beforeAll(async () => {
  hub = await startHub({ repos: allRepos() });
  work = mkdtempSync(join(tmpdir(), 'moe-loom-doors-'));
});
beforeEach(() => {
  hub.faults.clear();
  hub.clearJournal();
});
afterAll(async () => {
  await hub.close();
  rmSync(work, { recursive: true, force: true });
});

describe('what is meant', () => {
  it('is opened by the address of a file, of an index and of the interface', async () => {
    const whole = tensorsOf(await run(['inspect', REPO, '--json', '--endpoint', hub.url]));
    for (const source of [
      `${hub.url}/${REPO}/blob/main/config.json`,
      `${hub.url}/${REPO}/resolve/main/model.safetensors.index.json?download=true`,
      `${hub.url.slice('http://'.length)}/${REPO}/tree/main`,
      `${hub.url}/api/models/${REPO}`,
      `hf://${REPO}/config.json`,
    ]) {
      const ran = await run(['inspect', source, '--json', '--endpoint', hub.url]);
      expect([source, ran.code, ran.code === 0 && tensorsOf(ran)]).toEqual([source, 0, whole]);
    }
  });

  it('asks no server for a path that is not there', async () => {
    for (const path of [
      'models/x/model.safetensors',
      './x',
      'file:///nowhere/model',
      'llama.cpp/models/x.safetensors',
    ]) {
      const { code, stderr } = await run(['inspect', path, '--endpoint', hub.url]);
      expect([path, code]).toEqual([path, 2]);
      expect(stderr).toMatch(/There is no file or folder .*\[path-not-found\]/);
    }
    expect(hub.journal).toEqual([]);
  });
});

describe("the user's set-up", () => {
  it('has the token of hf auth login: said where it is from and sent to its Hub alone', async () => {
    const home = join(work, 'home');
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'token'), 'hf_member\n');
    const opened = await run(['inspect', 'preset/gated-auto', '--json', '--endpoint', hub.url], { HF_HOME: home });
    expect(opened.stderr).toBe(
      `The token of ${join(home, 'token')} is sent to ${new URL(hub.url).host}, and to no other host.\n`,
    );
    expect(opened.code).toBe(0);
    expect(opened.stdout + opened.stderr).not.toContain('hf_member');
    hub.clearJournal();
    // An address names a Hub that is not the user's: it does not get the token.
    const other = await run(['inspect', `${hub.url}/preset/gated-auto`, '--json'], { HF_HOME: home });
    expect(other.code).toBe(2);
    expect(other.stderr).toContain(
      `Reading from ${new URL(hub.url).host}, the host in the address (this computer). No token is sent to it.`,
    );
    expect(hub.journal.length).toBeGreaterThan(0);
    expect(hub.journal.filter(({ hasAuthorization }) => hasAuthorization)).toEqual([]);
    const open = await run(['inspect', REPO, '--json', '--endpoint', hub.url], { HF_HOME: home });
    expect(open.stderr).toBe('');
    expect(hub.leaks).toEqual([]);
  });

  it('may forbid the network, or the cache', async () => {
    const commit = 'b'.repeat(40);
    const HF_HUB_CACHE = join(work, 'cache');
    const repo = join(HF_HUB_CACHE, `models--${REPO.replace('/', '--')}`);
    mkdirSync(join(repo, 'refs'), { recursive: true });
    writeFileSync(join(repo, 'refs', 'main'), commit);
    cpSync(hubFolder('qwen3_moe'), join(repo, 'snapshots', commit), { recursive: true });
    const inspect = ['inspect', REPO, '--json', '--endpoint', hub.url];
    expect((await run(inspect, { HF_HUB_CACHE })).stderr).toMatch(/local Hub cache/);
    expect((await run([...inspect, '--cache'], { HF_HUB_CACHE })).code).toBe(0);
    expect(hub.journal).toEqual([]);
    expect((await run([...inspect, '--no-cache'], { HF_HUB_CACHE })).code).toBe(0);
    expect(hub.journal.length).toBeGreaterThan(0);
    hub.clearJournal();
    for (const env of [{ HF_HUB_OFFLINE: '1' }, { TRANSFORMERS_OFFLINE: 'yes' }]) {
      const ran = await run(['inspect', 'preset/dense', '--endpoint', hub.url], { HF_HUB_CACHE, ...env });
      expect(ran.code).toBe(2);
      expect(ran.stderr).toContain(`${HF_HUB_CACHE} does not have preset/dense at main, and the Hub is not used`);
    }
    expect(hub.journal).toEqual([]);
  });

  it('has what a download left undone completed by the Hub, at the same commit', async () => {
    const NAME = 'preset/per-expert-tiny';
    const commit = hub.headOf(NAME);
    const HF_HUB_CACHE = join(work, 'half');
    const folder = join(HF_HUB_CACHE, `models--${NAME.replace('/', '--')}`, 'snapshots', commit);
    mkdirSync(folder, { recursive: true });
    const get = async (name: string) => {
      const answer = await fetch(`${hub.url}/${NAME}/resolve/${commit}/${name}`);
      writeFileSync(join(folder, name), new Uint8Array(await answer.arrayBuffer()));
    };
    for (const name of ['config.json', 'model.safetensors.index.json', 'model-00001-of-00003.safetensors'])
      await get(name);
    const source = [`${NAME}@${commit}`, '--json'];
    const whole = tensorsOf(await run(['inspect', ...source, '--no-cache', '--endpoint', hub.url], { HF_HUB_CACHE }));
    hub.clearJournal();
    const ran = await run(['inspect', ...source, '--endpoint', hub.url], { HF_HUB_CACHE });
    expect(tensorsOf(ran)).toBe(whole);
    expect(ran.stderr).toContain('model-00002-of-00003.safetensors, model-00003-of-00003.safetensors');
    const asked = hub.journal.map(({ path }) => path).join(' ');
    expect(asked).toContain('model-00002-of-00003');
    expect(asked).not.toContain('model-00001-of-00003');
    const offline = await run(['inspect', ...source, '--cache'], { HF_HUB_CACHE });
    expect(offline.stderr).toContain(`Download the rest with "hf download ${NAME} --revision ${commit}".`);
  });
});

describe('behind a proxy of a company', () => {
  it('a Hub is read by a tunnel; its certificate has to be trusted, and the sentence says how', async () => {
    const answers: http.RequestListener = ({ url = '', method, headers }, reply) => {
      const to = http.request(hub.url + url, { method, headers: { ...headers, host: 'hub.corp.test' } }, (answer) => {
        reply.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(reply);
      });
      to.end();
    };
    const server = https.createServer({ key: KEY, cert: CERTIFICATE }, answers);
    const proxy = http.createServer();
    const tunnels: string[] = [];
    proxy.on('connect', ({ url }, socket) => {
      tunnels.push(url ?? '');
      const up = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        up.pipe(socket).pipe(up);
      });
      up.on('error', () => socket.destroy());
      socket.on('error', () => up.destroy());
    });
    for (const one of [server, proxy]) await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
    const HTTPS_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const certificate = join(work, 'company.pem');
    writeFileSync(certificate, CERTIFICATE);
    // No weights: those come from a file server without encryption here, where an encrypted address may not lead.
    const args = ['inspect', 'preset/dense@no-such-branch', '--endpoint', 'https://hub.corp.test'];
    const trusted = await run(args, { HTTPS_PROXY, NODE_EXTRA_CA_CERTS: certificate });
    expect(trusted.stderr).toContain('has no branch, tag or commit "no-such-branch"');
    expect(tunnels).toEqual(['hub.corp.test:443']);
    const strange = await run(args, { HTTPS_PROXY });
    expect(strange.code).toBe(2);
    expect(strange.stderr).toMatch(
      /certificate of hub\.corp\.test by way of the proxy 127\.0\.0\.1:\d+ is not signed by anybody this computer trusts \(DEPTH_ZERO_SELF_SIGNED_CERT\).*set NODE_EXTRA_CA_CERTS to the file of that certificate/,
    );
    for (const one of [server, proxy]) one.close();
    server.closeAllConnections();
  });
});

describe('waiting', () => {
  // The pause takes longer than this test may.
  it('shows its countdown, and ends at Ctrl-C', async () => {
    for (const pathRe of ['/revision/', '/resolve/']) {
      hub.faults.clear();
      hub.faults.add({ action: { type: 'rate429', t: 200 }, pathRe });
      const ran = await run(['inspect', REPO, '--no-cache', '--endpoint', hub.url], {}, /resuming in/);
      expect(ran.code).toBe(2);
      expect(ran.stderr).toContain(`${new URL(hub.url).host} asks for fewer requests (429): resuming in `);
      expect(ran.stderr).toMatch(/moe-loom: The work was stopped\. \[cancelled\]\n$/);
    }
  });

  it('for a further attempt is told, and redirects in a circle are not tried again', async () => {
    hub.faults.add({ action: { type: '5xx', status: 503 }, pathRe: '/revision/', times: 1 });
    const ill = await run(['inspect', REPO, '--json', '--endpoint', hub.url]);
    expect(ill.code).toBe(0);
    expect(ill.stderr).toMatch(
      /could not answer for the listing of \S+ \(503\)\. Retrying in \d\.\d s \(Ctrl-C stops\)\.\n$/,
    );
    hub.faults.add({ action: { type: 'redirectLoop' }, pathRe: '/revision/' });
    hub.clearJournal();
    const loop = await run(['inspect', REPO, '--endpoint', hub.url]);
    expect(loop.stderr).toMatch(/got no answer after \d redirects? \(127\.0\.0\.1:\d+\).*\[redirect-loop\]/);
    expect(hub.journal.length).toBeLessThan(8);
  });
});

describe('a folder', () => {
  it('whose shards are links to a store is read and converted, and the links are told', async () => {
    const model = join(work, 'linked');
    const store = hubFolder('qwen3_moe');
    mkdirSync(model);
    for (const name of ['config.json', 'model.safetensors.index.json']) cpSync(join(store, name), join(model, name));
    const shards = readdirSync(store).filter((name) => name.endsWith('.safetensors'));
    for (const name of shards) symlinkSync(join(store, name), join(model, name));
    writeFileSync(join(model, '._model-00001-of-00002.safetensors'), 'Mac OS X');
    const ran = await run(['convert', model, '--to', 'stacked', '--out', join(work, 'stacked'), '--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ verified: { equal: true } });
    expect(ran.stderr).toContain(`that lead${shards.length === 1 ? 's' : ''} out of ${model}, to ${store}`);
    const checked = await run(['check', model]);
    expect(checked.code).toBe(0);
    const one = await run(['inspect', join(model, shards[0] ?? ''), '--json']);
    expect(tensorsOf(one)).toBe(tensorsOf(await run(['inspect', store, '--json'])));
  });
});

/** Of a host that is nowhere: for this test alone. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg75jDWNXOFV5KD9qy
Nr9LkSlgAEjucCLSm0McnZEKsIyhRANCAAQiFpKHZ4SYI+gvBhzVHMMd/kl07B+b
shuVCgRifdnBFCCiWtqVmVikABjjrXlf7JLOg4z0d0WnUNNetv8crylB
-----END PRIVATE KEY-----
`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBoTCCAUegAwIBAgIUCNWnrJFQHRF5kzYTvgSf+6q+PNowCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNaHViLmNvcnAudGVzdDAgFw0yNjExMjkwOTQyNTRaGA8yMTI2
MTEwNTA5NDI1NFowGDEWMBQGA1UEAwwNaHViLmNvcnAudGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABCIWkodnhJgj6C8GHNUcwx3+SXTsH5uyG5UKBGJ92cEU
IKJa2pWZWKQAGOOteV/sks6DjPR3RadQ0162/xyvKUGjbTBrMB0GA1UdDgQWBBQx
plv+0S3/s7EzdZs16DAaANu+eDAfBgNVHSMEGDAWgBQxplv+0S3/s7EzdZs16DAa
ANu+eDAPBgNVHRMBAf8EBTADAQH/MBgGA1UdEQQRMA+CDWh1Yi5jb3JwLnRlc3Qw
CgYIKoZIzj0EAwIDSAAwRQIhAJ0xHuJpbv/Za6xviUV1uIAfceHWMUvG58dvMJSf
2sNWAiBL+1T/omzpDRyYs+eKsr4CfxWorIUmSs1e6TKRy7DUlg==
-----END CERTIFICATE-----
`;

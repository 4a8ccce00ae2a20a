import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allRepos } from '../../e2e/support/hub/main.ts';
import { type HubServer, startHub } from '../../e2e/support/hub/server.ts';
import { hubFolder } from '../core/testing.fixture.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
let hub: HubServer;
let work: string;

/** The built program with an empty Hub cache, unless `env` says otherwise. */
function run(args: readonly string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { env: { ...process.env, HF_HUB_CACHE: join(work, 'none'), ...env }, maxBuffer: 64e6 };
    execFile(process.execPath, [BIN, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

beforeAll(async () => {
  hub = await startHub({ repos: allRepos() });
  work = mkdtempSync(join(tmpdir(), 'moe-loom-hub-'));
});
beforeEach(() => hub.clearJournal());
afterAll(async () => {
  await hub.close();
  rmSync(work, { recursive: true, force: true });
});

describe('a Hub repo as the source', () => {
  it('is inspected by one API call and one ranged request a shard', async () => {
    const { code, stdout } = await run(['inspect', 'Qwen/Qwen3-235B-A22B', '--json', '--endpoint', hub.url]);
    expect(code).toBe(0);
    const inspection = JSON.parse(stdout);
    expect(inspection).toMatchObject({
      modelType: 'qwen3_moe',
      tensors: 36_945,
      parameters: 235_093_634_560,
      bytes: 470_187_269_120,
      shards: 118,
      layout: 'per-expert',
      findings: [],
    });
    expect(inspection.layers).toHaveLength(94);
    const shardRequests = hub.journal.filter(
      (entry) => entry.class === 'resolver' && entry.path.includes('.safetensors') && !entry.path.includes('index'),
    );
    expect(shardRequests).toHaveLength(118);
    expect(hub.journal.filter((entry) => entry.class === 'api')).toHaveLength(1);
  });

  it('is planned from its headers alone', async () => {
    const { stdout } = await run(['plan', 'moe-loom/Qwen3-235B-A22B-stacked', '--to', 'gate-up', '--json'], {
      HF_ENDPOINT: hub.url,
    });
    expect(JSON.parse(stdout)).toMatchObject({ refusals: [], bytes: 470_187_269_120, tensors: 1037 });
  });

  it('converts and is verified over the wire', async () => {
    const out = join(work, 'converted');
    const converted = await run([
      'convert',
      'tiny/mixtral',
      '--to',
      'gate-up',
      '--out',
      out,
      '--json',
      '--endpoint',
      hub.url,
    ]);
    expect(JSON.parse(converted.stdout)).toMatchObject({ tensors: 30, verified: { equal: true } });
    const verified = await run(['verify', 'tiny/mixtral', out, '--endpoint', hub.url, '--json']);
    expect(JSON.parse(verified.stdout)).toMatchObject({ equal: true, tensors: 96 });
  });

  it('comes from the local cache when it is there, without a request', async () => {
    const cache = join(work, 'cache');
    const commit = 'a'.repeat(40);
    const repo = join(cache, 'models--tiny--qwen3-moe');
    mkdirSync(join(repo, 'refs'), { recursive: true });
    writeFileSync(join(repo, 'refs', 'main'), commit);
    cpSync(hubFolder('qwen3_moe'), join(repo, 'snapshots', commit), { recursive: true });
    const { code, stdout, stderr } = await run(['inspect', 'tiny/qwen3-moe', '--json'], {
      HF_HUB_CACHE: cache,
      HF_ENDPOINT: hub.url,
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).tensors).toBe(104);
    expect(stderr).toMatch(/local Hub cache/);
    expect(hub.journal).toEqual([]);
  });

  it('says in a sentence why it cannot be opened, and never says the token', async () => {
    const cases: [string[], Record<string, string>, RegExp][] = [
      [['nobody/nothing'], {}, /nobody\/nothing/],
      [['tiny/qwen3-moe@no-such-branch'], {}, /no-such-branch/],
      [['preset/gated-manual'], {}, /preset\/gated-manual/],
      [['preset/gated-manual'], { HF_TOKEN: 'hf_reader' }, /preset\/gated-manual/],
      [['not a repo/x/y/z'], {}, /org\/name/],
    ];
    for (const [source, env, sentence] of cases) {
      const { code, stdout, stderr } = await run(['inspect', ...source, '--endpoint', hub.url], env);
      expect(code, source[0]).toBe(2);
      expect(stderr).toMatch(sentence);
      expect(stdout + stderr).not.toContain('hf_reader');
    }
    expect(hub.journal.filter((entry) => entry.origin === 'cdn' && entry.hasAuthorization)).toEqual([]);
  });
});

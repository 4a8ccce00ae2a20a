import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HubServer, startHub } from '../../e2e/support/hub/server.ts';
import { hubFolder } from '../core/testing.fixture.ts';
import { capture } from './answers/captured.fixture.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
const SCHEMA = fileURLToPath(new URL('../../docs/schemas/publish.json', import.meta.url));
const REPO = 'owner/stacked';
let hub: HubServer;
let work: string;
let converted: string;

beforeAll(async () => {
  hub = await startHub({ repos: [], partBytes: 16 * 1024 });
  work = mkdtempSync(join(tmpdir(), 'moe-loom-cli-publish-'));
  converted = join(work, "it's converted");
  const args = ['convert', hubFolder('qwen3_moe'), '--to', 'stacked', '--card', '--sha256', '--quiet'];
  expect(await capture(...args, '--out', converted)).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await hub.close();
  rmSync(work, { recursive: true, force: true });
});

function environment(token: string | null): NodeJS.ProcessEnv {
  const { HF_TOKEN: _, HUGGING_FACE_HUB_TOKEN: __, ...env } = process.env;
  const own = { XDG_CACHE_HOME: join(work, 'cache'), HF_HOME: join(work, 'hf'), HF_ENDPOINT: hub.url };
  return { ...env, ...own, ...(token === null ? {} : { HF_TOKEN: token }) };
}

/** The built program. */
function run(args: readonly string[], token: string | null = 'hf_owner') {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [BIN, 'publish', ...args], { env: environment(token) }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** A copy of the converted folder with a change. */
function changed(name: string, change: (folder: string) => void): string {
  const folder = join(work, name);
  cpSync(converted, folder, { recursive: true });
  change(folder);
  return folder;
}

describe('publish', () => {
  it('prints the command that uploads the folder, and asks nobody', async () => {
    const { code, stdout } = await capture('publish', converted, '--repo', REPO, '--private', '--branch', 'next');
    expect(code).toBe(0);
    const path = converted.replace("'", "'\\''");
    expect(stdout).toContain(
      `\nhf upload-large-folder ${REPO} '${path}' --repo-type model --revision=next --private\n`,
    );
    expect(hub.journal).toEqual([]);
  });

  it('is killed while it uploads, is run again, and has put every byte into one commit', async () => {
    const parts = () => hub.journal.filter(({ method, status }) => method === 'PUT' && status === 200).length;
    const args = [converted, '--repo', REPO, '--upload', '--json'];
    hub.faults.add({ methodRe: 'PUT', after: 5, action: { type: 'ttfb', ms: 0, until: new Promise(() => undefined) } });
    const child = spawn(process.execPath, [BIN, 'publish', ...args], { env: environment('hf_owner'), stdio: 'ignore' });
    await ended(child, () => parts() >= 5);
    hub.faults.clear();
    const before = hub.uploadedBytes;
    expect(hub.historyOf(REPO)).toHaveLength(1);
    const { code, stdout, stderr } = await run([...args, '--message', 'Add stacked experts']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('The Hub has model')]);
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({ version: 1, action: 'upload', repo: REPO, commit: hub.headOf(REPO) });
    const names = readdirSync(converted);
    expect(names).toContain('moe-loom-report.json');
    expect(answer.files.map(({ file }: { file: string }) => file).sort()).toEqual(names.sort());
    const there = hub.contentsOf(REPO);
    for (const name of names)
      expect(Buffer.from(there.get(name) ?? '').equals(readFileSync(join(converted, name)))).toBe(true);
    expect(hub.historyOf(REPO)).toEqual(['Add stacked experts', 'Add files']);
    expect(hub.uploadedBytes - before).toBe(answer.sent);
    const isAnswer = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
      JSON.parse(readFileSync(SCHEMA, 'utf8')),
    );
    expect([isAnswer(answer), isAnswer.errors]).toEqual([true, null]);
    expect(readdirSync(join(work, 'cache', 'moe-loom', 'publish'))).toEqual([]);
    const preview = await run([converted, '--repo', REPO, '--dry-run', '--json']);
    expect([isAnswer(JSON.parse(preview.stdout)), isAnswer.errors]).toEqual([true, null]);
    expect(JSON.parse(preview.stdout)).toMatchObject({
      action: 'dry-run',
      exists: true,
      unchanged: names.length,
      bytes: 0,
    });
    expect([stdout, stderr, preview.stdout, preview.stderr].join()).not.toContain('hf_owner');
  });

  it('says without a token how to get one, with a poor one what it lacks, and never says a token', async () => {
    const args = [converted, '--repo', 'owner/other', '--upload'];
    const [none, poor, unknown] = await Promise.all([run(args, null), run(args, 'hf_member'), run(args, 'hf_unknown')]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringMatching(/hf auth login.*\[access-denied\]/) });
    expect(poor).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/may not write to owner\/other.*\[access-denied\]/),
    });
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/does not accept the token.*\[token-rejected\]/),
    });
    expect(JSON.stringify([none, poor, unknown])).not.toMatch(/hf_(member|unknown)/);
  });

  it('refuses a folder that is unfinished, not proven, without weights or without a shard', async () => {
    const report = 'moe-loom-report.json';
    const shard = readdirSync(converted).find((name) => name.endsWith('.safetensors')) ?? '';
    const folders: [string, string, RegExp][] = [
      [
        'output-unfinished',
        changed('open', (at) => writeFileSync(join(at, '.moe-loom-journal'), '{}\n')),
        /\.moe-loom-journal/,
      ],
      [
        'output-unfinished',
        changed('part', (at) => writeFileSync(join(at, `${shard}.moe-loom-part`), '')),
        /moe-loom-part/,
      ],
      [
        'verify-failed',
        changed('unproven', (at) => writeFileSync(join(at, report), '{"verified":{"equal":false}}')),
        /proven/,
      ],
      ['no-checkpoint', changed('empty', (at) => rmSync(join(at, shard))), /no safetensors/],
    ];
    for (const [tag, folder, words] of folders) {
      const { code, stdout } = await capture('publish', folder, '--repo', REPO, '--json');
      const { error } = JSON.parse(stdout);
      expect([tag, error.tag, code > 0]).toEqual([tag, tag, true]);
      expect(error.message).toMatch(words);
    }
    const broken = changed('broken', (at) => {
      const bytes = readFileSync(join(at, shard));
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      writeFileSync(join(at, shard), bytes);
    });
    const { code, stderr } = await run([broken, '--repo', REPO, '--upload']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(new RegExp(`${shard} does not have the bytes that were proven`)),
    ]);
  });

  it('takes only the name of a repository and of a branch', async () => {
    for (const [flags, words] of [
      [['--repo', 'name'], /org\/name/],
      [['--repo', 'a/b/c'], /org\/name/],
      [['--repo', 'a/$(x)'], /org\/name/],
      [['--repo', REPO, '--branch', 'a..b'], /name of a branch/],
      [['--repo', REPO, '--branch', 'a', '--revision', 'b'], /two branches/],
    ] as const)
      expect(await capture('publish', converted, ...flags)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(words),
      });
  });
});

/** Kills a process without warning as soon as `due` says so, and waits for its end. */
function ended(child: ChildProcess, due: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => due() && child.kill('SIGKILL'), 5);
    child.once('close', () => {
      clearInterval(timer);
      resolve();
    });
  });
}

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { presetRepos } from '../../e2e/support/hub/presets.ts';
import { type HubServer, startHub } from '../../e2e/support/hub/server.ts';
import { hubFolder } from '../core/testing.fixture.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
const REPO = 'preset/per-expert-tiny';
const BAD = 'model-00002-of-00003.safetensors';
let hub: HubServer;
let work: string;
let source: string;
let out: string;

beforeAll(async () => {
  hub = await startHub({ repos: presetRepos().filter(({ id }) => id === REPO) });
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.faults.clear();
  work = mkdtempSync(join(tmpdir(), 'moe-loom-cli-proven-'));
  source = join(work, 'source');
  out = join(work, 'out');
  cpSync(hubFolder('qwen3_moe'), source, { recursive: true });
  // Whole seconds, which can be put back exactly.
  for (const name of readdirSync(source)) utimesSync(join(source, name), 1_700_000_000, 1_700_000_000);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const env = () => ({ ...process.env, HF_HUB_CACHE: join(work, 'none'), HF_ENDPOINT: hub.url });

function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { env: env(), maxBuffer: 64e6 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const order = (from: string, ...more: string[]) => [
  'convert',
  from,
  '--to',
  'stacked',
  '--out',
  out,
  '--max-shard-size',
  '15KB',
  ...more,
];

/** Shards that the journal says are written and proven. */
function finished(): readonly string[] {
  const journal = join(out, '.moe-loom-journal');
  const [, ...lines] = existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').slice(0, -1) : [];
  return lines.flatMap((line) => /"file":"([^"]+)"/.exec(line)?.[1] ?? []);
}

/** Starts a conversion, holds its process still once two shards are finished, acts, and lets it go on to its end. */
async function meanwhile(args: readonly string[], act: () => void): Promise<Ended> {
  const child: ChildProcess = spawn(process.execPath, [BIN, ...args], { env: env() });
  const told = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data) => {
    told.stdout += data;
  });
  child.stderr?.on('data', (data) => {
    told.stderr += data;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  while (child.exitCode === null && finished().length < 2) await new Promise((resolve) => setImmediate(resolve));
  child.kill('SIGSTOP');
  expect(child.exitCode).toBeNull();
  expect(existsSync(join(out, 'model.safetensors.index.json'))).toBe(false);
  act();
  child.kill('SIGCONT');
  return { code: await ended, ...told };
}

const shards = () => readdirSync(out).filter((name) => name.endsWith('.safetensors'));
const contents = (folder: string) =>
  new Map(
    readdirSync(folder)
      .filter((name) => !/^\.|report\.json$/.test(name))
      .map((name) => [name, readFileSync(join(folder, name)).toString('base64')]),
  );

describe('while a process converts', () => {
  it.each(['1', '2'])('a finished shard that is removed is noticed at the end (%s threads)', async (threads) => {
    const ended = await meanwhile(order(source, '--threads', threads), () => rmSync(join(out, finished()[0] ?? '')));
    expect(ended.stderr).toMatch(/model-\d+-of-\d+\.safetensors in the output was removed after it was proven/);
    expect(ended.code).toBe(2);
    expect(ended.stdout).not.toContain('Proven');
    expect(existsSync(join(out, 'model.safetensors.index.json'))).toBe(false);
    expect((await run(...order(source, '--resume'))).code).toBe(0);
    const resumed = contents(out);
    rmSync(out, { recursive: true });
    expect((await run(...order(source))).code).toBe(0);
    expect(contents(out)).toEqual(resumed);
  });

  it.each(['1', '2'])(
    'a source that is edited in place, with its time put back, is noticed at the end (%s threads)',
    async (threads) => {
      const path = join(source, 'model-00001-of-00003.safetensors');
      const before = readFileSync(path);
      const ended = await meanwhile(order(source, '--threads', threads), () => {
        const { atime, mtime } = statSync(path);
        const bytes = Buffer.from(before);
        for (let at = 8 + Number(bytes.readBigUInt64LE(0)); at < bytes.length; at += 1000)
          bytes[at] = (bytes[at] ?? 0) ^ 1;
        // not emptied first, as a whole write would: a reader would find it short
        writeFileSync(path, bytes, { flag: 'r+' });
        utimesSync(path, atime, mtime);
      });
      expect(ended.stderr).toContain('model-00001-of-00003.safetensors changed while it was being converted');
      expect(ended.code).toBe(2);
      expect(ended.stdout).not.toContain('Proven');
      const refused = await run(...order(source, '--resume'));
      expect(refused.stderr).toContain('model-00001-of-00003.safetensors changed since');
      writeFileSync(path, before);
      expect((await run(...order(source, '--restart'))).code).toBe(0);
    },
  );
});

describe('the hashes that a source states', () => {
  it('refuse a file of the Hub with one wrong bit, and let the conversion go on once it is good', async () => {
    hub.faults.add({ origin: 'cdn', pathRe: BAD, action: { type: 'flipBit', byte: -1 } });
    const refused = await run(...order(REPO));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(new RegExp(`${BAD} does not match its sha256`));
    expect(refused.stderr).toMatch(/\d+ of \d+ shards are finished and stay/);
    const left = shards();
    expect(readdirSync(out).sort()).toEqual(['.moe-loom-journal', ...left].sort());
    hub.faults.clear();
    const { code, stdout } = await run(...order(REPO, '--resume', '--json'));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kept: left.length,
      verified: { equal: true },
      sourceHashes: { checked: expect.arrayContaining([BAD]), unchecked: [], partlyRead: [] },
    });
  });

  it('are not claimed for what states none, or was read in part', async () => {
    const { stdout } = await run(...order(source));
    expect(stdout).toMatch(
      /The source states no sha256 for model-00001-of-00003\.safetensors, .*whether these are the published bytes was not checked/,
    );
    rmSync(out, { recursive: true });
    const part = await run(...order(REPO, '--layers', '0', '--json'));
    expect(JSON.parse(part.stdout).sourceHashes.partlyRead.length).toBeGreaterThan(0);
  });

  it('are checked alone by verify --source-hashes, for the Hub and for its cache', async () => {
    const good = await run('verify', REPO, '--source-hashes', '--json');
    expect(good.code).toBe(0);
    expect(JSON.parse(good.stdout).sourceHashes).toMatchObject({ wrong: [], unchecked: [] });
    hub.faults.add({ origin: 'cdn', pathRe: BAD, action: { type: 'flipBit', byte: -1 } });
    const bad = await run('verify', REPO, '--source-hashes');
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/1 of 3 files does not match the sha256/);
    expect(bad.stdout).toMatch(new RegExp(`${BAD}: stated [0-9a-f]{64}, read [0-9a-f]{64}`));
    expect(existsSync(out)).toBe(false);

    const cache = join(work, 'models--a--b');
    const snapshot = join(cache, 'snapshots', '1'.repeat(40));
    mkdirSync(join(cache, 'blobs'), { recursive: true });
    mkdirSync(snapshot, { recursive: true });
    const bytes = readFileSync(join(source, BAD));
    const blob = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(cache, 'blobs', blob), bytes);
    symlinkSync(join('..', '..', 'blobs', blob), join(snapshot, BAD));
    expect((await run('verify', cache, '--source-hashes')).code).toBe(0);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(join(cache, 'blobs', blob), bytes);
    expect((await run('verify', cache, '--source-hashes')).code).toBe(1);

    const silent = await run('verify', source, '--source-hashes');
    expect(silent.code).toBe(2);
    expect(silent.stderr).toContain('states no sha256 for any of its files');
    expect((await run('verify', source)).stderr).toContain('Give the converted checkpoint as the second argument');
  });
});

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hubFolder } from '../core/testing.fixture.ts';
import { run } from './run.fixture.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
const SOURCE = hubFolder('gpt_oss');
let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-convert-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Every file but the report, which names threads and times. */
const contents = (folder: string) =>
  new Map(
    readdirSync(folder)
      .filter((name) => name !== 'moe-loom-report.json')
      .map((name) => [name, readFileSync(join(folder, name)).toString('base64')]),
  );

const convert = (out: string, ...flags: string[]) =>
  run(
    'convert',
    SOURCE,
    '--to',
    'per-expert',
    '--out',
    join(work, out),
    '--max-shard-size',
    '100KB',
    '--json',
    ...flags,
  );

describe('convert', () => {
  it('gives the same bytes whatever the engine, the threads and the memory, and says what ran where', async () => {
    const one = await convert('one', '--threads', '1', '--engine', 'cpu');
    const two = await convert('two', '--threads', '2', '--memory', '32MiB', '--engine', 'auto');
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(contents(join(work, 'two'))).toEqual(contents(join(work, 'one')));
    expect(JSON.parse(one.stdout).engine).toMatchObject({ choice: 'cpu', adapter: null });
    const { engine } = JSON.parse(two.stdout);
    expect(engine.choice).toBe('auto');
    const ops: { kernel: string; on: string; runs: { cpu: number } }[] = engine.decisions;
    expect(ops.length).toBeGreaterThan(0);
    expect(ops.every((decision) => decision.on === 'cpu' && decision.runs.cpu > 0)).toBe(true);
  });

  it('gives the SHA-256 of each shard where it is asked for', async () => {
    const { stdout } = await convert('sums', '--sha256');
    const { shards, sha256 } = JSON.parse(stdout);
    expect(Object.keys(sha256)).toEqual(shards);
    for (const shard of shards) {
      const sum = createHash('sha256')
        .update(readFileSync(join(work, 'sums', shard)))
        .digest('hex');
      expect(sha256[shard]).toBe(sum);
    }
  });

  it('is continued after a kill, and refuses to be so unasked', async () => {
    const out = join(work, 'killed');
    const args = ['convert', SOURCE, '--to', 'per-expert', '--out', out, '--max-shard-size', '20KB', '--quiet'];
    const journal = join(out, '.moe-loom-journal');
    const child = spawn(process.execPath, [BIN, ...args], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const finished = () => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').length - 2 : 0);
    while (finished() < 2 && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGKILL');
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
    const refused = await run(...args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /unfinished conversion to per-expert: \d+ of \d+ shards.*--resume.*--restart.*\[output-unfinished\]/,
    );
    const resumed = await run(...args, '--resume', '--json');
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout).kept).toBeGreaterThanOrEqual(2);
    expect((await run(...args.slice(0, 5), join(work, 'straight'), ...args.slice(6))).code).toBe(0);
    expect(contents(out)).toEqual(contents(join(work, 'straight')));
  });

  it('refuses flags that mean nothing', async () => {
    for (const flags of [
      ['--engine', 'gpu'],
      ['--memory', '1KB'],
      ['--memory', 'lots'],
      ['--threads', '0'],
      ['--resume', '--restart'],
    ]) {
      const { code, stderr } = await convert('never', ...flags);
      expect([flags, code]).toEqual([flags, 2]);
      expect(stderr).toMatch(/\[usage\]/);
    }
    expect(existsSync(join(work, 'never'))).toBe(false);
  });
});

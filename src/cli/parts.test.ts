import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hubFolder } from '../core/testing.fixture.ts';
import { capture } from './answers/capture.fixture.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
const SOURCE = hubFolder('gpt_oss');
const SIZES = ['--to', 'per-expert', '--max-shard-size', '4KB'];
let work: string;
let plan: string;
let straight: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-cli-parts-'));
  plan = join(work, 'plan.json');
  straight = join(work, 'straight');
  const written = await capture('plan', SOURCE, ...SIZES, '--out', plan, '--card', '--picture');
  const converted = await capture('convert', SOURCE, ...SIZES, '--out', straight, '--card', '--picture');
  expect([written.code, converted.code]).toEqual([0, 0]);
}, 60_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function asked(...args: string[]) {
  const { code, stdout } = await capture(...args, '--json');
  return { code, value: JSON.parse(stdout) };
}

/** Every file but the report, which names times. */
const contents = (folder: string) =>
  new Map(
    readdirSync(folder)
      .filter((name) => name !== 'moe-loom-report.json')
      .map((name) => [name, readFileSync(join(folder, name)).toString('latin1')]),
  );

const records = (out: string) => join(out, '.moe-loom-parts');
const workOf = (out: string) => (existsSync(records(out)) ? readdirSync(records(out)) : []);
const doneIn = (out: string) => workOf(out).filter((name) => name.endsWith('.done'));

function start(out: string, part: string, ...flags: string[]): { child: ChildProcess; ended: Promise<string> } {
  const args = [
    BIN,
    'convert',
    '--plan',
    plan,
    '--part',
    part,
    '--out',
    out,
    '--threads',
    '1',
    '--engine',
    'cpu',
    ...flags,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  return { child, ended: new Promise((resolve) => child.on('close', () => resolve(said))) };
}

/** Calls `then` as soon as `count` more shards are finished than now. */
function afterShards(out: string, count: number, ended: Promise<unknown>, then: () => void): Promise<void> {
  return new Promise((resolve) => {
    const wanted = doneIn(out).length + count;
    const watcher = watch(records(out), () => {
      if (doneIn(out).length < wanted) return;
      watcher.close();
      then();
      resolve();
    });
    void ended.then(() => {
      watcher.close();
      resolve();
    });
  });
}

/** Deterministic random numbers (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('parts on one folder', () => {
  it('survive 60 kills, two processes at a time: no half shard, none doubled, at most one redone a kill', async () => {
    const want = contents(straight);
    const next = random(24);
    let kills = 0;
    for (let round = 0; kills < 60; round++) {
      const out = join(work, `killed-${round}`);
      await capture('convert', '--plan', plan, '--shards', '1', '--out', out);
      const isOpen = () => doneIn(out).length < shards(want).length;
      const inodes = new Map<string, bigint>();
      while (kills < 60 && isOpen()) {
        const two = ['1/2', '2/2'].map((part) => start(out, part));
        const kill = ({ child, ended }: (typeof two)[0]) =>
          afterShards(out, 1 + Math.floor(next() * 4), ended, () => child.kill('SIGKILL'));
        await Promise.all(two.map(kill));
        await Promise.all(two.map(({ ended }) => ended));
        const hit = two.filter(({ child }) => child.signalCode === 'SIGKILL').length;
        kills += hit;
        let redone = 0;
        for (const name of readdirSync(out).filter((each) => each.startsWith('model-'))) {
          expect(want.get(name) === readFileSync(join(out, name)).toString('latin1'), name).toBe(true);
          const { ino } = statSync(join(out, name), { bigint: true });
          if (inodes.has(name) && inodes.get(name) !== ino) redone++;
          inodes.set(name, ino);
        }
        expect(redone).toBeLessThanOrEqual(hit);
        // What was under way: one shard of each that was killed, and of those before that nobody took up yet.
        expect(workOf(out).filter((name) => name.endsWith('.tmp')).length).toBeLessThanOrEqual(4);
      }
      for (const part of ['2/2', '1/2'])
        expect((await capture('convert', '--plan', plan, '--part', part, '--out', out)).code).toBe(0);
      expect((await capture('join', plan, out)).code).toBe(0);
      expect(contents(out)).toEqual(want);
    }
  }, 180_000);

  it('keep what is finished at SIGTERM and continue with the same command; SIGUSR1 prints progress', async () => {
    const out = join(work, 'stopped');
    await capture('convert', '--plan', plan, '--shards', '1', '--out', out);
    const { child, ended } = start(out, '1/1');
    await afterShards(out, 2, ended, () => {
      child.kill('SIGUSR1');
      child.kill('SIGTERM');
    });
    const said = await ended;
    expect(child.exitCode).toBe(2);
    expect(said).toMatch(/(Writing|Proving) .*: .* of .*\n/);
    expect(said).toMatch(/Finished shards of part 1\/1 stay in .*run the same command again.*\n.*\[cancelled\]/);
    const kept = doneIn(out);
    expect(kept.length).toBeGreaterThanOrEqual(3);
    expect(workOf(out).filter((name) => /\.(tmp|lock|failed)$/.test(name))).toEqual([]);
    const again = await asked('convert', '--plan', plan, '--out', out);
    expect(again.value.skipped.map((file: string) => `${file}.done`).sort()).toEqual(kept.sort());
    expect((await capture('join', plan, out)).code).toBe(0);
    expect(contents(out)).toEqual(contents(straight));
  });

  it('answer as the contract says: status, parts and join', async () => {
    const out = join(work, 'answers');
    const empty = await asked('status', plan, out, '--parts', '2');
    expect(empty.code).toBe(1);
    expect(empty.value.counts).toMatchObject({ done: 0, missing: empty.value.shards.length });
    const part = await asked('convert', '--plan', plan, '--part', '1/2', '--out', out, '--sha256');
    expect(part.value).toMatchObject({ version: 1, part: '1/2', skipped: [], out });
    const half = await asked('status', plan, out, '--parts', '2');
    expect(half.value.parts.map(({ part: name, bytes, doneBytes }: never) => [name, bytes === doneBytes])).toEqual([
      ['1/2', true],
      ['2/2', false],
    ]);
    const refused = await asked('join', plan, out);
    expect([refused.code, refused.value.error.tag]).toEqual([1, 'parts-incomplete']);
    await capture('convert', '--plan', plan, '--part', '2/2', '--out', out, '--sha256');
    const joined = await asked('join', plan, out, '--read-back');
    expect(joined.value).toMatchObject({ joinedBefore: false, plan: part.value.plan, verified: { equal: true } });
    expect(Object.keys(joined.value.sha256)).toEqual(joined.value.shards);
    expect((await asked('status', plan, out)).value).toMatchObject({ joined: true, plan: part.value.plan });
  });

  it('refuse flags that the plan decides, and parts without a plan', async () => {
    const out = join(work, 'never');
    for (const [flags, reason] of [
      [['--plan', plan, '--to', 'stacked'], /--plan and --to cannot be combined/],
      [['--plan', plan, '--resume'], /always continues/],
      [['--plan', plan, '--part', '1/2', '--shards', '3'], /cannot be combined/],
      [['--plan', plan, '--part', '3/2'], /counted from 1/],
      [['--plan', plan, '--shards', '9999'], /numbers and ranges/],
      [[SOURCE, '--plan', plan], /the plan names the source/],
      [[SOURCE, '--to', 'stacked', '--part', '1/2'], /are for --plan/],
      [['--to', 'stacked'], /needs a source, or --plan/],
    ] as const) {
      const { code, stderr } = await capture('convert', ...flags, '--out', out);
      expect([flags, code]).toEqual([flags, 2]);
      expect(stderr).toMatch(reason);
    }
    const other = join(work, 'other.json');
    writeFileSync(other, readFileSync(plan, 'utf8').replace('"version":1', '"version":9'));
    expect((await capture('convert', '--plan', other, '--out', out)).stderr).toMatch(
      /its version is 9.*\[plan-invalid\]/,
    );
    expect((await capture('plan', SOURCE, ...SIZES, '--out', other)).stderr).toMatch(
      /is there already.*\[output-not-empty\]/,
    );
    expect(existsSync(out)).toBe(false);
  });
});

function shards(files: ReadonlyMap<string, string>): string[] {
  return [...files.keys()].filter((name) => name.endsWith('.safetensors'));
}

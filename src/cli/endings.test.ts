import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hubFolder } from '../core/testing.fixture.ts';
import { resumeCommand } from './convert.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
const SOURCE = hubFolder('qwen3_moe');
const JOURNAL = '.moe-loom-journal';
let work: string;
let out: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-endings-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));
beforeEach(() => {
  out = join(work, 'out');
  rmSync(out, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program; `meanwhile` is called with the process as soon as it runs. */
function run(args: readonly string[], meanwhile?: (child: ReturnType<typeof spawn>) => Promise<void>): Promise<Ended> {
  const child = spawn(process.execPath, [BIN, ...args]);
  const told = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => {
    told.stdout += data;
  });
  child.stderr.on('data', (data) => {
    told.stderr += data;
  });
  void meanwhile?.(child);
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...told })));
}

const order = (...more: string[]) =>
  ['convert', SOURCE, '--to', 'stacked', '--out', out, '--max-shard-size', '15KB', '--threads', '1', ...more] as const;

/** Sends the signal once two shards are finished; the process stands still meanwhile, so that it cannot end first. */
const once = (signal: NodeJS.Signals) => async (child: ReturnType<typeof spawn>) => {
  const journal = join(out, JOURNAL);
  const finished = () => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').length - 2 : 0);
  while (child.exitCode === null && finished() < 2) await new Promise((resolve) => setImmediate(resolve));
  child.kill('SIGSTOP');
  child.kill(signal);
  child.kill('SIGCONT');
};

const shards = () => readdirSync(out).filter((name) => name.endsWith('.safetensors'));

describe('a conversion that is asked to end', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'by %s keeps what is finished and says how to resume',
    async (signal) => {
      const { code, stderr } = await run(order(), once(signal));
      expect(code).toBe(2);
      const said = /^(\d+) of \d+ shards are finished and stay; resume with `(.*)`\.$/m.exec(stderr);
      expect(Number(said?.[1])).toBe(shards().length);
      expect(said?.[2]).toBe(`moe-loom ${order().join(' ')} --resume`);
      expect(stderr).toContain('[cancelled]');
      expect(readdirSync(out).sort()).toEqual([JOURNAL, ...shards()].sort());
    },
  );

  it('with --discard leaves nothing, while it runs and afterwards', async () => {
    expect((await run(order('--discard'), once('SIGTERM'))).code).toBe(2);
    expect(existsSync(out)).toBe(false);
    await run(order(), once('SIGTERM'));
    expect(shards().length).toBeGreaterThan(1);
    const { code, stdout } = await run(order('--discard'));
    expect([code, stdout]).toEqual([0, `Removed the unfinished conversion in ${out}.\n`]);
    // The folder was there before this run.
    expect(readdirSync(out)).toEqual([]);
  });

  it('says a command that a shell reads back', () => {
    expect(resumeCommand(['convert', "it's a model", '--restart', '--out', 'a b'])).toBe(
      "moe-loom convert 'it'\\''s a model' --out 'a b' --resume",
    );
  });
});

describe('standard output', () => {
  const into = (stdout: number | 'pipe', args: readonly string[]): Promise<Ended> => {
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', stdout, 'pipe'] });
    let stderr = '';
    child.stderr?.on('data', (data) => {
      stderr += data;
    });
    child.stdout?.destroy();
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout: '', stderr })));
  };

  it('whose reader has left ends the program without a word, with 141', async () => {
    for (const args of [['inspect', SOURCE], ['inspect', SOURCE, '--json'], ['--help']])
      expect(await into('pipe', args)).toMatchObject({ code: 141, stderr: '' });
  });

  it.skipIf(!existsSync('/dev/full'))('that is full ends it with 2 and a sentence', async () => {
    for (const args of [['inspect', SOURCE], ['--help']]) {
      const { code, stderr } = await into(openSync('/dev/full', 'w'), args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^moe-loom: The disk is full: standard output could not be written .*\[disk-full\]\n$/);
    }
  });
});

/** Root may read everything, so the program runs as nobody then; that takes setpriv. */
const asNobody =
  process.getuid?.() === 0
    ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath]
    : [process.execPath];
const canBeRefused = process.platform === 'linux' && (process.getuid?.() !== 0 || existsSync('/usr/bin/setpriv'));

describe.skipIf(!canBeRefused)('a source file that may not be read', () => {
  const runAsNobody = (args: readonly string[]): Promise<Ended> => {
    const [program = '', ...first] = asNobody;
    const child = spawn(program, [...first, BIN, ...args]);
    const told = { stdout: '', stderr: '' };
    child.stdout.on('data', (data) => {
      told.stdout += data;
    });
    child.stderr.on('data', (data) => {
      told.stderr += data;
    });
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...told })));
  };

  it('is exit 2 with its name for every command, and never called invalid', async () => {
    const source = join(work, 'locked');
    cpSync(SOURCE, source, { recursive: true });
    chmodSync(work, 0o755);
    chmodSync(source, 0o755);
    const shard = join(source, 'model-00002-of-00003.safetensors');
    chmodSync(shard, 0);
    for (const args of [
      ['inspect', source],
      ['check', source],
      ['check', shard],
      ['convert', source, '--to', 'stacked', '--out', join(work, 'nowhere')],
      ['verify', source, source],
    ]) {
      const { code, stdout, stderr } = await runAsNobody(args);
      expect([args[0], code, stdout]).toEqual([args[0], 2, '']);
      expect(stderr).toMatch(/You may not read .*model-00002-of-00003\.safetensors.*\[file-not-permitted\]/);
    }
  });
});

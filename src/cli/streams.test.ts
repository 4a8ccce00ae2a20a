import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shellWord } from '../core/index.ts';
import { type Case, writeSources } from './answers/cases.fixture.ts';
import { createProgram } from './program.ts';
import { run } from './run.fixture.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
const hasTerminals = spawnSync('script', ['--version']).error === undefined;
const ERASE = '\r\u001b[2K';

let work: string;
let good: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-streams-'));
  good = writeSources(work, 100).get('good') ?? '';
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** What a terminal shows while a command line of a shell runs in it. */
function inTerminal(command: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 64e6 };
    execFile('script', ['-qec', command, '/dev/null'], options, (_, stdout) => resolve(stdout));
  });
}

const commandOf = (args: readonly string[]) => [process.execPath, BIN, ...args].map(shellWord).join(' ');

describe('streams', () => {
  it('standard output has the answer alone, without an escape code; nothing else is said of good files', async () => {
    const [plan, parts] = [join(work, 'plan.json'), join(work, 'parts')];
    const asked: Case[] = [
      ...(['inspect', 'tensors', 'draw', 'check', 'loads', 'stats'] as const).map((name): Case => [name, good]),
      ['plan', good, '--to', 'gate-up'],
      ['convert', good, '--to', 'gate-up', '--out', join(work, 'gate-up')],
      ['plan', good, '--to', 'gate-up', '--out', plan],
      ['job', 'slurm', plan],
      ['convert', '--plan', plan, '--out', parts],
      ['status', plan, parts],
      ['join', plan, parts],
      ['publish', join(work, 'gate-up'), '--repo', 'org/name'],
      ['verify', good, join(work, 'gate-up')],
      ['compare', good, good, '--values'],
      ['ranks', good, '--framework', 'vllm', '--ep', '2', '--hashes'],
      ['memory', good, '--gpus', '2', '--ep', '2'],
      ['parity', good, '--layer', '1', '--tokens', '4'],
      ['explain'],
      ['sample'],
      ['man'],
      ['completion', 'bash'],
    ];
    // open runs until it is stopped.
    const names = createProgram().commands.map((command) => command.name());
    expect([...new Set(asked.map(([name]) => name)), 'open'].sort()).toEqual(names.sort());
    for (const args of asked) {
      const { code, stdout, stderr } = await run(...args);
      expect([args[0], code, stderr]).toEqual([args[0], 0, '']);
      expect(stdout).not.toBe('');
      expect(stdout).not.toContain('\u001b');
    }
  }, 120_000);

  it.skipIf(!hasTerminals)(
    'progress is drawn on standard error, and the answer stays JSON',
    async () => {
      const long: Case[] = [
        ['convert', good, '--to', 'stacked', '--out', join(work, 'stacked')],
        ['compare', good, good, '--values'],
        ['stats', good],
        ['parity', good, '--layer', '1', '--tokens', '4'],
        ['ranks', good, '--framework', 'vllm', '--ep', '2', '--hashes'],
      ];
      for (const args of long) {
        const out = join(work, `${args[0]}.json`);
        const shown = await inTerminal(`${commandOf([...args, '--json'])} > ${shellWord(out)}`);
        expect([args[0], shown.includes(ERASE)]).toEqual([args[0], true]);
        expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ version: 1 });
      }
      const quiet = commandOf(['compare', good, good, '--values', '--quiet']);
      expect(await inTerminal(`${quiet} > /dev/null`)).toBe('');
    },
    120_000,
  );

  it.skipIf(!hasTerminals)(
    'no colour reaches a terminal, with NO_COLOR or without',
    async () => {
      for (const env of [{ NO_COLOR: '1' }, { FORCE_COLOR: '1' }] as const)
        for (const args of [['inspect', good], ['loads', good], ['--help'], ['check', join(good, 'nothing')]]) {
          const shown = await inTerminal(commandOf(args), env);
          expect(shown.length).toBeGreaterThan(20);
          expect(shown).not.toContain('\u001b');
        }
    },
    60_000,
  );

  it.skipIf(!hasTerminals)(
    'help and prose fit the terminal; JSON and pipes do not change with it',
    async () => {
      const env = { COLUMNS: '80' };
      const widest = (text: string) => Math.max(...text.split('\r\n').map((line) => [...line].length));
      for (const args of [['explain'], ['memory', '--help']]) {
        expect(widest(await inTerminal(commandOf(args), env))).toBeLessThanOrEqual(80);
        expect(widest(await inTerminal(commandOf(args), { COLUMNS: '200' }))).toBeGreaterThan(100);
      }
      const json = await inTerminal(commandOf(['explain', 'gate-up', '--json']), env);
      expect(json.replaceAll('\r\n', '\n')).toBe((await run('explain', 'gate-up', '--json')).stdout);
      const piped = await inTerminal(`${commandOf(['explain'])} | cat`, env);
      expect(piped.replaceAll('\r\n', '\n')).toBe((await run('explain')).stdout);
    },
    60_000,
  );
});

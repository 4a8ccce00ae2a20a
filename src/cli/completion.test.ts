import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE } from '../core/embed/hostile.fixture.ts';
import { COMMAND_LINE_TEXTS, type ProgramText } from '../core/index.ts';
import { capture } from './answers/capture.fixture.ts';
import { programText } from './completion.ts';
import { createProgram } from './program.ts';

const isThere = (name: string) => spawnSync(name, ['--version']).error === undefined;
const TEXT = programText(createProgram());
const COMMANDS = TEXT.commands.map(({ name }) => name);
const command = (name: string) => TEXT.commands.find((each) => each.name === name);
const flags = (name: string) => command(name)?.options.map(({ long }) => long) ?? [];
const choices = (name: string, long: string) =>
  command(name)?.options.find((each) => each.long === long)?.choices ?? [];

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-completion-'));
  for (const shell of ['bash', 'zsh', 'fish'] as const)
    writeFileSync(join(work, `_${shell}`), COMMAND_LINE_TEXTS[shell](TEXT));
  writeFileSync(join(work, 'a file'), '');
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Lines that a shell prints for a script. It says nothing else, and ends well. */
function linesOf(shell: string, flagsOf: readonly string[], script: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile(
      shell,
      [...flagsOf, '-c', script],
      { cwd: work, env: { ...process.env, HOME: work } },
      (error, out, err) => {
        if (error || err !== '') reject(error ?? new Error(err));
        else resolve(out.split('\n').filter((line) => line !== ''));
      },
    );
  });
}

const word = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** What bash offers for the last of these words. It splits words at `=` before it asks. */
const inBash = (...words: string[]) =>
  linesOf(
    'bash',
    ['--noprofile', '--norc'],
    `source ./_bash; COMP_WORDS=(moe-loom ${words.map(word).join(' ')}); COMP_CWORD=${words.length}
     $(complete -p moe-loom | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' "\${COMPREPLY[@]}"`,
  );

/** What zsh gets as offers for the last of these words, whatever its start: `compset` and the like are replaced. */
const inZsh = (...words: string[]) =>
  linesOf(
    'zsh',
    ['-f'],
    `compdef() { :; }; compset() { :; }; _files() { print -r -- FILES; }
     _describe() { print -rl -- \${(P)\${@[-1]}}; }
     source ./_zsh; words=(moe-loom ${words.map(word).join(' ')}); CURRENT=${words.length + 1}; _moe_loom`,
  );

const inFish = async (line: string) =>
  (await linesOf('fish', [], `source ./_fish; complete -C ${word(`moe-loom ${line}`)}`)).map(
    (each) => each.split('\t')[0],
  );

const startingWith = (start: string, all: readonly string[]) => all.filter((each) => each.startsWith(start));

describe('completion', () => {
  it('is printed for three shells, and refused for others', async () => {
    for (const shell of ['bash', 'zsh', 'fish'] as const)
      expect((await capture('completion', shell)).stdout).toBe(COMMAND_LINE_TEXTS[shell](TEXT));
    expect(await capture('completion', 'csh')).toMatchObject({ code: 2, stderr: expect.stringContaining('[usage]') });
  });

  it('knows the words of every option whose command refuses others', async () => {
    const known = TEXT.commands.flatMap(({ name, options }) =>
      options.flatMap(({ long, choices: words }) => (words ? [`${name} ${long}`] : [])),
    );
    expect(known).toEqual(
      expect.arrayContaining([
        ...['plan --to', 'plan --for', 'convert --to', 'convert --for', 'convert --engine', 'draw --what', 'draw --to'],
        ...['ranks --framework', 'ranks --config', 'ranks --placement', 'ranks --take', 'memory --framework'],
        ...[
          'memory --dense',
          'memory --zero',
          'memory --offload',
          'loads --script',
          'tensors --role',
          'tensors --sort',
        ],
        ...['tensors --dtype', 'tensors --match', 'check --format'],
      ]),
    );
  });

  it('in bash offers commands, options and their values', async () => {
    expect(await inBash('')).toEqual(COMMANDS);
    expect(await inBash('co')).toEqual(startingWith('co', COMMANDS));
    expect(await inBash('--v')).toEqual(['--version']);
    for (const name of COMMANDS) expect(await inBash(name, '--')).toEqual(flags(name));
    expect(await inBash('plan', 'x', '--to', 'gate-up')).toEqual(startingWith('gate-up', choices('plan', '--to')));
    expect(await inBash('plan', 'x', '--to', '=', 'st')).toEqual(['stacked']);
    expect(await inBash('plan', 'x', '--to', '=')).toEqual(choices('plan', '--to'));
    expect(await inBash('ranks', '--framework', 'v')).toEqual(startingWith('v', choices('ranks', '--framework')));
    expect(await inBash('memory', '--framework', '')).toEqual(choices('memory', '--framework'));
    expect(await inBash('convert', '--engine', 'w')).toEqual(['webgpu']);
    expect(await inBash('explain', 'gate-up-i')).toEqual(['gate-up-interleaved']);
    expect(await inBash('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    // Names of files, which bash completes itself where a function offers nothing.
    for (const words of [
      ['inspect', ''],
      ['convert', 'x', '--out', 'a'],
      ['ranks', '--loads', ''],
    ])
      expect(await inBash(...words)).toEqual([]);
    expect(await linesOf('bash', ['--norc'], 'source ./_bash; complete -p moe-loom')).toEqual([
      'complete -o default -F _moe_loom moe-loom',
    ]);
  }, 60_000);

  it.skipIf(!isThere('zsh'))('in zsh offers commands, options and their values', async () => {
    const names = async (...words: string[]) => (await inZsh(...words)).map((line) => line.split(':')[0]);
    expect(await names('')).toEqual(COMMANDS);
    for (const name of COMMANDS) expect(await names(name, '--')).toEqual(flags(name));
    for (const words of [
      ['plan', 'x', '--to', ''],
      ['plan', 'x', '--to='],
    ])
      expect(await inZsh(...words)).toEqual(choices('plan', '--to'));
    expect(await inZsh('ranks', '--framework', 'v')).toEqual(choices('ranks', '--framework'));
    expect(await inZsh('inspect', '')).toEqual(['FILES']);
    expect(await inZsh('convert', '--out', '')).toEqual(['FILES']);
    expect(await inZsh('inspect', '--')).toContain('--json:print one JSON object on standard output');
  });

  it.skipIf(!isThere('fish'))('in fish offers commands, options and their values', async () => {
    expect((await inFish('')).sort()).toEqual([...COMMANDS].sort());
    expect((await inFish('co')).sort()).toEqual(startingWith('co', COMMANDS).sort());
    for (const name of ['inspect', 'convert', 'memory', 'open'])
      expect((await inFish(`${name} --`)).sort()).toEqual([...flags(name)].sort());
    expect((await inFish('plan x --to gate-up')).sort()).toEqual(
      startingWith('gate-up', choices('plan', '--to')).sort(),
    );
    expect((await inFish('ranks x --framework v')).sort()).toEqual(
      startingWith('v', choices('ranks', '--framework')).sort(),
    );
    expect(await inFish('explain gate-up-i')).toEqual(['gate-up-interleaved']);
    expect(await inFish('convert x --out a')).toContain('a file');
  });

  it('refuses words that a shell could act on, and quotes descriptions', async () => {
    const [first] = TEXT.commands;
    if (!first) throw new Error('There are no commands.');
    const odd = (about: string, choice: string | null): ProgramText => ({
      ...TEXT,
      about,
      commands: [
        {
          ...first,
          about,
          options: [
            { flags: '--x <y>', long: '--x', about, takes: 'must', choices: choice === null ? null : [choice] },
          ],
        },
      ],
    });
    for (const choice of ['$(touch pwned)', '`x`', 'a b', "'", '']) {
      for (const shell of ['bash', 'zsh', 'fish'] as const)
        expect(() => COMMAND_LINE_TEXTS[shell](odd('says', choice))).toThrow(RangeError);
    }
    const about = HOSTILE.join(' ');
    for (const [shell, args] of [
      ['bash', ['--norc']],
      ['zsh', ['-f']],
      ['fish', []],
    ] as const) {
      if (!isThere(shell)) continue;
      writeFileSync(join(work, '_odd'), COMMAND_LINE_TEXTS[shell](odd(about, null)));
      const script = `compdef() { :; }; source ./_odd; test ! -e pwned`;
      await linesOf(shell, args, shell === 'fish' ? 'source ./_odd; test ! -e pwned' : script);
    }
  });
});

describe('the manual page', () => {
  const page = COMMAND_LINE_TEXTS.man(TEXT);

  it('is what man prints, with every command and option', async () => {
    expect((await capture('man')).stdout).toBe(page);
    const lines = page.split('\n');
    for (const { name, options } of TEXT.commands) {
      expect(lines).toContain(`.SS ${name}`);
      for (const { flags: shown } of options) expect(page).toContain(`\\fB${shown.replaceAll('-', '\\-')}\\fR`);
    }
  });

  it('is ASCII in short lines, in which only our own requests begin with a dot', () => {
    const odd = COMMAND_LINE_TEXTS.man({
      ...TEXT,
      about: `.so /etc/passwd \\fBx ${HOSTILE.join(' ')} .sy touch pwned`,
    });
    for (const line of [...page.split('\n'), ...odd.split('\n')]) {
      expect(line).toMatch(/^[ -~]*$/);
      expect(line).not.toMatch(/^['.](?!TH |SH |SS |TP$|PP$)/);
      expect(line.replace(/\\(?:e|-|&|f[BIR]|\((?:aq|ga|dq|ha|ti)|\[u[0-9A-F]{4,6}\])/g, '')).not.toContain('\\');
    }
    expect(Math.max(...page.split('\n').map((line) => line.length))).toBeLessThan(120);
  });

  it.skipIf(!isThere('groff'))('is read by groff without a warning', () => {
    const { status, stderr, stdout } = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou'], { input: page });
    expect([status, String(stderr)]).toEqual([0, '']);
    expect(String(stdout)).toContain('print one JSON object on standard output');
  });

  it.skipIf(spawnSync('mandoc', ['-Tlint'], { input: page }).error !== undefined)('is read by mandoc', () => {
    const { stdout } = spawnSync('mandoc', ['-Tlint'], { input: page });
    expect(
      String(stdout)
        .split('\n')
        .filter((line) => line !== '' && !line.includes('missing date')),
    ).toEqual([]);
  });
});

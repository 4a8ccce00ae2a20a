import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOSTILE } from './core/embed/hostile.fixture.ts';
import { VERSION } from './core/version.ts';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
const ACTION = read('deploy/github-action/action.yml');

/** The lines below a key, without the indentation of the first. */
function blockOf(text: string, key: string): string[] {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.trimStart() === key);
  expect(at).toBeGreaterThanOrEqual(0);
  const indent = /^ */.exec(lines[at + 1] ?? '')?.[0].length ?? 0;
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => line.trim() !== '' && !line.startsWith(' '.repeat(indent)));
  return rest.slice(0, end < 0 ? undefined : end).map((line) => line.slice(indent));
}

const INPUTS = blockOf(ACTION, 'inputs:').flatMap((line) => /^(\w+):$/.exec(line)?.[1] ?? []);
const DEFAULTS = new Map(
  INPUTS.map((name) => [name, /^ *default: "?(.*?)"?$/m.exec(blockOf(ACTION, `${name}:`).join('\n'))?.[1] ?? '']),
);
const ENV = new Map(
  blockOf(ACTION, 'env:').flatMap((line) => {
    const [, name, input] = /^(\w+): \$\{\{ inputs\.(\w+) \}\}$/.exec(line) ?? [];
    return name && input ? [[name, input] as const] : [];
  }),
);
const SCRIPT = blockOf(ACTION, 'run: |').join('\n');

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-action-'));
  const npx = join(work, 'npx');
  writeFileSync(npx, `#!/bin/sh\nprintf '%s\\0' "$@" > "${work}/asked"\necho "answer"\nexit "\${FAKE_EXIT:-0}"\n`);
  chmodSync(npx, 0o755);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

interface Step {
  readonly code: number;
  readonly stdout: string;
  /** The words that npx was given; null where it was not run. */
  readonly asked: readonly string[] | null;
}

/** Runs the step as the runner does: inputs in its environment, the script in a file. */
function step(inputs: Readonly<Record<string, string>>, exit = '0'): Promise<Step> {
  const env = Object.fromEntries([...ENV].map(([name, input]) => [name, inputs[input] ?? DEFAULTS.get(input) ?? '']));
  const script = join(work, 'step.sh');
  writeFileSync(script, SCRIPT);
  const path = `${work}${delimiter}${process.env.PATH}`;
  return new Promise((resolve) => {
    const options = { cwd: work, env: { ...env, PATH: path, FAKE_EXIT: exit } };
    execFile('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], options, (error, stdout) => {
      const asked = join(work, 'asked');
      const words = existsSync(asked) ? readFileSync(asked, 'utf8').split('\0').slice(0, -1) : null;
      resolve({ code: error ? Number(error.code) : 0, stdout, asked: words });
    });
  });
}

const command = (format: string, ...paths: string[]) => [
  ...['--yes', '--package', `moe-loom@${VERSION}`, '--', 'moe-loom', 'check', '--format', format, '--'],
  ...paths,
];

describe('the GitHub action', () => {
  it('takes every input through the environment, and none in its script', () => {
    expect(INPUTS).toEqual(['path', 'version', 'format', 'output']);
    expect([...ENV.values()]).toEqual(INPUTS);
    expect(SCRIPT).not.toContain('${{');
    expect(ACTION.match(/\$\{\{/g)).toHaveLength(INPUTS.length);
    expect(ACTION).toMatch(/^ {2}using: composite$/m);
    expect(DEFAULTS.get('version')).toBe(VERSION);
  });

  it('is used by a commit in its example, as is every other action', () => {
    const uses = [...read('deploy/README.md').matchAll(/uses: (\S+)/g)].map(([, name]) => name);
    expect(uses).toHaveLength(2);
    for (const name of uses) expect(name).toMatch(/@(?:[0-9a-f]{40}|COMMIT)$/);
  });

  it('runs check on each line of path and ends as it ended', async () => {
    const done = await step({ path: 'a b\n\nmodels/c.safetensors\n' });
    expect(done).toEqual({ code: 0, stdout: 'answer\n', asked: command('github', 'a b', 'models/c.safetensors') });
    for (const exit of ['1', '2']) expect((await step({ path: 'a' }, exit)).code).toBe(Number(exit));
  });

  it('passes hostile paths as they are', async () => {
    const paths = [...HOSTILE, '--version', '-rf', ['$', '{{ secrets.TOKEN }}'].join(''), '*'].filter(
      (name) => !/[\0\n]|\p{Cs}/u.test(name) && name !== '',
    );
    const { code, asked } = await step({ path: paths.join('\n') });
    expect([code, asked]).toEqual([0, command('github', ...paths)]);
    expect(readdirSync(work).sort()).toEqual(['asked', 'npx', 'step.sh']);
  });

  it('writes the answer to a file', async () => {
    const output = '$(touch pwned) "x".sarif';
    const { code, stdout, asked } = await step({ path: 'a', format: 'sarif', output }, '1');
    expect([code, stdout, asked]).toEqual([1, '', command('sarif', 'a')]);
    expect(readFileSync(join(work, output), 'utf8')).toBe('answer\n');
    expect(readdirSync(work).sort()).toEqual([output, 'asked', 'npx', 'step.sh'].sort());
  });

  it('lets the runner take no command from an answer in the log', async () => {
    const { code, stdout } = await step({ path: 'a', format: 'text' }, '1');
    const [, token] = /^::stop-commands::([0-9a-f-]{36})\nanswer\n::(.*)::\n$/.exec(stdout) ?? [];
    expect([code, stdout.endsWith(`::${token}::\n`)]).toEqual([1, true]);
  });

  it.each([
    { version: 'latest' },
    { version: '^0.1.0' },
    { version: 'git+https://example.org/x' },
    { version: '0.1.0; touch pwned' },
    { version: '0.1.0\n--evil' },
    { version: '' },
    { format: 'xml' },
    { format: 'github --json' },
    { format: '$(touch pwned)' },
    { path: '' },
    { path: '\n\n' },
  ])('refuses %j and runs nothing', async (inputs) => {
    const { code, stdout, asked } = await step({ path: 'a', ...inputs });
    expect([code, asked]).toEqual([2, null]);
    expect(stdout).toMatch(/^::error title=moe-loom::The input (?:version|format|path) [^\n]+\n$/);
    expect(readdirSync(work)).not.toContain('pwned');
  });
});

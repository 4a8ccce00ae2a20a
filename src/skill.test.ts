import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from './cli/program.ts';
import { run } from './cli/run.fixture.ts';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const PAGE = readFileSync(at('SKILL.md'), 'utf8');
const BIN = at('dist/cli/moe-loom.js');
const SAMPLE = at('public/samples/tiny-qwen3-moe');

/** Rows of the table of questions: the words of a command, and the paths of its answer that one reads. */
const ROWS = [...PAGE.matchAll(/^\| [^|]+ \| `moe-loom ([^`]+)` \|([^|]*)\|$/gm)].map(
  ([, command = '', keys = '']) => ({
    words: command.split(' '),
    keys: [...keys.matchAll(/`([^`]+)`/g)].map(([, key = '']) => key),
  }),
);

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-skill-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Values at a path such as `layers[].family`; none where it leads nowhere. */
function valuesAt(value: unknown, path: string): unknown[] {
  return path.split('.').reduce<unknown[]>(
    (found, step) => {
      const name = step.replace('[]', '');
      const inner = found.flatMap((each) =>
        typeof each === 'object' && each !== null && Object.hasOwn(each, name)
          ? [(each as Record<string, unknown>)[name]]
          : [],
      );
      return step.endsWith('[]') ? inner.flat() : inner;
    },
    [value],
  );
}

/** The first line that a command prints that then runs until it is stopped. */
async function firstLine(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [BIN, ...args]);
  const ended = new Promise((done) => child.on('close', done));
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  child.kill('SIGTERM');
  await ended;
  return text;
}

describe('SKILL.md', () => {
  it('says its name and when it is used', () => {
    const [, front = ''] = /^---\n([\s\S]*?)\n---\n/.exec(PAGE) ?? [];
    const keys = front.split('\n').map((line) => /^(\w+): (?=\S)/.exec(line)?.[1]);
    expect(keys).toEqual(['name', 'description']);
    // An unquoted text in YAML holds no ": " and no " #".
    for (const line of front.split('\n')) expect(line.replace(/^\w+: /, '')).not.toMatch(/: | #/);
    expect(front.length).toBeLessThan(1024);
  });

  it('has a command for every question, and no command twice as its only example', () => {
    const named = new Set(ROWS.map(({ words: [name] }) => name));
    const others = ['sample', 'completion', 'man'];
    const all = createProgram().commands.map((command) => command.name());
    expect([...named].sort()).toEqual(all.filter((name) => !others.includes(name)).sort());
    expect(ROWS.length).toBe([...PAGE.matchAll(/^\|[^|]*\| `moe-loom /gm)].length);
  });

  it('has commands that run, with every key that it says to read', async () => {
    const out = join(work, 'out');
    const shared = { PLAN: join(work, 'plan.json'), PARTS: join(work, 'parts') };
    const places: Readonly<Record<string, string>> = { SOURCE: SAMPLE, OTHER: out, OUT: out, ...shared };
    const missing: string[] = [];
    for (const { words, keys } of ROWS) {
      const args = words.map((word) => places[word] ?? word);
      const isServer = args[0] === 'open';
      const { code, stdout } = isServer
        ? { code: 0, stdout: await firstLine([...args, '--port', '0']) }
        : await run(...args);
      expect([words.join(' '), code]).toEqual([words.join(' '), 0]);
      if (!words.includes('--json')) continue;
      const value: unknown = JSON.parse(stdout);
      for (const key of keys)
        if (valuesAt(value, key).length === 0 && !isEmptyList(value, key)) missing.push(`${words[0]} ${key}`);
    }
    expect(missing).toEqual([]);
    expect(readdirSync(out)).toContain('config.json');
  }, 120_000);
});

/** True where the path goes through a list that is empty in this answer. */
function isEmptyList(value: unknown, path: string): boolean {
  const [list] = path.split('[]');
  const found = valuesAt(value, list ?? '');
  return path.includes('[]') && found.some((each) => Array.isArray(each) && each.length === 0);
}

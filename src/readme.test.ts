import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allRepos } from '../e2e/support/hub/main.ts';
import { type HubServer, startHub } from '../e2e/support/hub/server.ts';
import { createProgram } from './cli/program.ts';
import { run } from './cli/run.fixture.ts';
import { compatOf } from './core/programs/compat.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const SAMPLE = join(ROOT, 'public/samples/tiny-qwen3-moe');

/** Every page that people read, but those that are generated from tables whose links other tests make. */
const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'SKILL.md', 'deploy/README.md', 'bench/README.md'],
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('compat'))
    .map((name) => `docs/${name}`),
  'docs/compat/README.md',
];

/** Commands in code: lines of blocks, and code spans. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll('\\|', '|');
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.split('\n'));
  const spans = [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [...blocks, ...spans].flatMap((line) => {
    const [, command] = /^(?:npx |node dist\/cli\/)?moe-loom(?:\.js)? ([a-z].*)$/.exec(line.trim()) ?? [];
    return command === undefined ? [] : [command.replace(/\s+#.*$/, '').trim()];
  });
}

let hub: HubServer;
let work: string;
beforeAll(async () => {
  hub = await startHub({ repos: allRepos() });
  work = mkdtempSync(join(tmpdir(), 'moe-loom-readme-'));
});
afterAll(async () => {
  await hub.close();
  rmSync(work, { recursive: true, force: true });
});

/** What each place in a command of the README is here. */
function argumentsOf(command: string): string[] {
  const places: Readonly<Record<string, string>> = {
    'path/to/checkpoint': SAMPLE,
    'public/samples/tiny-qwen3-moe': SAMPLE,
    'path/to/new': join(work, command.includes('--dtype') ? 'bf16' : 'new'),
    'path/to/plan.json': join(work, 'plan.json'),
    '/tmp/stacked': join(work, 'new'),
    'org/name': 'tiny/qwen3-moe',
  };
  const words = command.replace(/ > \S+$/, '').split(/\s+/);
  return words.map((word) => places[word] ?? word);
}

describe('the README', () => {
  it('has at most 110 lines', () => {
    expect(README.trimEnd().split('\n').length).toBeLessThanOrEqual(110);
  });

  it('says which programs load which layouts of Qwen3-MoE, made by `npx vitest run --project node src/readme.test.ts -u`', async () => {
    const page = compatOf('qwen3_moe');
    if (!page) throw new Error('Qwen3-MoE has a page.');
    const columns = [
      ['loads', /^loads$/],
      ['loads, rearranged', /^loads-/],
      ['starts with wrong weights', /^partial$/],
      ['fails', /^refuses$/],
    ] as const;
    const rows = page.layouts.map(({ id, target, answers }) => [
      `\`${target ?? id}\``,
      ...columns.map(([, pattern]) =>
        answers
          .filter(({ verdict }) => pattern.test(verdict))
          .map(({ title }) => title)
          .join(', '),
      ),
    ]);
    const head = ['layout', ...columns.map(([title]) => title)];
    const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
    const pattern = /(<!-- readme-programs -->)[\s\S]*?(<!-- \/readme-programs -->)/;
    expect(README).toMatch(pattern);
    const text = README.replace(pattern, (_, start, end) => `${start}\n\n${table}\n\n${end}`);
    await expect(text).toMatchFileSnapshot('../README.md');
  });

  it('shows the picture that the command draws', async () => {
    const { stdout } = await run('draw', SAMPLE, '--layer', '0', '--what', 'flow', '--to', 'stacked', '--at', '60');
    await expect(stdout).toMatchFileSnapshot('../docs/before-after.svg');
  });

  it('has commands that run', async () => {
    const commands = [...new Set(commandsOf('README.md'))].filter((command) => !/<|^open /.test(command));
    expect(commands.length).toBeGreaterThan(12);
    const real = /^(openai|deepseek-ai)\//;
    for (const command of commands) {
      const args = argumentsOf(command);
      if (args[0] === 'convert' && !args.includes('--dtype'))
        rmSync(join(work, 'new'), { recursive: true, force: true });
      const remote = args.some((word) => /^[\w-]+\/[\w.-]+$/.test(word) && !existsSync(word));
      const { code, stderr } = await run(...args, ...(remote ? ['--endpoint', hub.url] : []));
      // Repos that the loopback Hub lacks: the command is understood, and asks for the repo.
      const isThere = !args.some((word) => real.test(word));
      const refusal = args.includes('--dtype') && isThere ? /not-convertible/ : /repo-not-found/;
      expect([command, code, code === 0 || refusal.test(stderr) ? '' : stderr]).toEqual([command, code, '']);
      expect(code === 0 || !isThere || args.includes('--dtype')).toBe(true);
    }
  }, 120_000);
});

describe('the documents', () => {
  it('name commands and options that there are', () => {
    const program = createProgram();
    const unknown: string[] = [];
    for (const page of PAGES)
      for (const command of commandsOf(page)) {
        const [name = '', ...words] = command.split(/\s+/);
        const known = program.commands.find((each) => each.name() === name);
        const options = new Set(known?.options.flatMap(({ long, short }) => [long, short]) ?? []);
        const flags = words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.replace(/[=`,].*$/, ''));
        if (!known || flags.some((flag) => !options.has(flag) && flag !== '--help'))
          unknown.push(`${page}: ${command}`);
      }
    expect(unknown).toEqual([]);
  });

  it('have links that lead somewhere', () => {
    const broken: string[] = [];
    const slug = (heading: string) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-');
    for (const page of PAGES) {
      const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
        const isInside = !relative(ROOT, file).startsWith('..');
        const headings =
          anchor === undefined || !file.endsWith('.md') || !existsSync(file)
            ? null
            : [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));
        if (!isInside || !existsSync(file) || (headings && !headings.includes(anchor ?? '')))
          broken.push(`${page}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });
});

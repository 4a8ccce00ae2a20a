import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSUMER, withoutTypes } from './consumer.fixture.ts';
import { confinedTo, ROOT, runIn } from './run.fixture.ts';

/** What a package may have, packed, in bytes. */
const MOST = 3_000_000;

let home: string;
let work: string;
let packed: { readonly size: number; readonly filename: string; readonly files: readonly { readonly path: string }[] };

/** It serves until it is stopped: src/cli/serve/open.test.ts runs it. */
const SERVES = 'open';

/** Every other command on the copied fixtures, and the exit code that it must have. `convert` runs before those that read its result. */
const COMMANDS: Readonly<Record<string, readonly [args: readonly string[], code: number]>> = {
  convert: [['model', '--to', 'stacked', '--out', 'stacked', '--threads', '2'], 0],
  inspect: [['model'], 0],
  tensors: [['model', '--sort', 'bytes'], 0],
  draw: [['model', '--layer', '0', '--what', 'strip'], 0],
  plan: [['model', '--to', 'gate-up', '--out', 'plan.json'], 0],
  status: [['plan.json', 'parts'], 1],
  job: [['slurm', 'plan.json'], 0],
  join: [['plan.json', 'stacked'], 2],
  publish: [['stacked', '--repo', 'org/name'], 0],
  verify: [['model', 'stacked'], 0],
  compare: [['model', 'stacked', '--values'], 0],
  check: [['model', 'stacked'], 0],
  loads: [['model'], 0],
  sample: [[], 0],
  ranks: [['model', '--framework', 'transformers-5', '--ep', '4'], 0],
  memory: [['config.json', '--gpus', '64', '--ep', '8', '--offload'], 0],
  stats: [['model'], 0],
  parity: [['model', '--layer', '0'], 2],
  explain: [['gate-up'], 0],
  completion: [['bash'], 0],
  man: [[], 0],
};

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs these command lines, by name and one after another, from one `npx`, with a Node that confines moe-loom to the temporary folder. */
async function npx(lines: Readonly<Record<string, readonly string[]>>): Promise<Readonly<Record<string, Outcome>>> {
  const script = Object.entries(lines).map(
    ([name, args]) => `moe-loom ${args.map((arg) => `'${arg}'`).join(' ')} >${name}.out 2>${name}.err; echo ${name} $?`,
  );
  writeFileSync(join(work, 'lines.sh'), `${script.join('\n')}\n`);
  const ran = await runIn(work, 'npx', ['--no-install', '-c', 'sh lines.sh'], confined());
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  const read = (name: string) => readFileSync(join(work, name), 'utf8');
  return Object.fromEntries(
    [...ran.stdout.matchAll(/^(\w+) (\d+)$/gm)].map(([, name = '', code]) => [
      name,
      { code: Number(code), stdout: read(`${name}.out`), stderr: read(`${name}.err`) },
    ]),
  );
}

function confined(): Record<string, string> {
  return { PATH: `${join(home, 'bin')}${delimiter}${process.env.PATH}`, HOME: home, TMPDIR: home, ...npmAlone() };
}

/** npm with an empty cache and without a network. */
function npmAlone(): Record<string, string> {
  return { npm_config_cache: join(home, 'cache'), npm_config_offline: 'true', npm_config_update_notifier: 'false' };
}

beforeAll(async () => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'moe-loom-package-')));
  work = join(home, 'work');
  mkdirSync(work);
  const made = await runIn(ROOT, 'npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', home], npmAlone());
  [packed] = JSON.parse(made.stdout);
  const args = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', join(home, packed.filename)];
  const installed = await runIn(work, 'npm', args, npmAlone());
  expect(installed.stderr).toBe('');
  cpSync(join(ROOT, 'fixtures/checkpoints/qwen3_moe/hub'), join(work, 'model'), { recursive: true });
  cpSync(join(ROOT, 'fixtures/configs/Qwen3-235B-A22B.json'), join(work, 'config.json'));
  mkdirSync(join(home, 'bin'));
  const flags = confinedTo(home).map((flag) => `'${flag}'`);
  const script = `#!/bin/sh\ncase "$1" in\n*/moe-loom) exec '${process.execPath}' ${flags.join(' ')} "$@";;\n*) exec '${process.execPath}' "$@";;\nesac\n`;
  writeFileSync(join(home, 'bin/node'), script);
  chmodSync(join(home, 'bin/node'), 0o755);
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('the npm package', () => {
  it('is small, and holds the command line, the library, the elements, the app, the documents and what names its parts', () => {
    expect(packed.size).toBeLessThanOrEqual(MOST);
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'dist/THIRD-PARTY-NOTICES.md',
        'dist/app/index.html',
        'dist/app/samples/tiny-qwen3-moe/config.json',
        'dist/cli/moe-loom.js',
        'dist/elements/moe-layout.js',
        'dist/elements/moe-map.js',
        'dist/lib/layouts.js',
        'dist/types/lib/layouts.d.ts',
        'docs/api/layouts.md',
        'examples/inspect-hub.js',
        'dist/sbom.cdx.json',
        'docs/trust.md',
        'package.json',
      ]),
    );
    const other =
      /^(LICENSE|(README|SKILL)\.md|package\.json|dist\/(app|cli|elements|lib|types)\/|examples\/|dist\/[^/]+$|docs\/)/;
    expect(paths.filter((path) => !other.test(path) || /\.(wasm|map)$|screens|bundled/.test(path))).toEqual([]);
  });

  it('depends on nothing', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(
      readFileSync(join(work, 'node_modules/moe-loom/package.json'), 'utf8'),
    );
    expect(dependencies ?? {}).toEqual({});
    expect(Object.keys(peerDependencies)).toEqual(Object.keys(peerDependenciesMeta));
    expect(Object.values(peerDependenciesMeta)).toEqual([{ optional: true }]);
    const lock = JSON.parse(readFileSync(join(work, 'package-lock.json'), 'utf8'));
    expect(Object.keys(lock.packages)).toEqual(['', 'node_modules/moe-loom']);
  });

  it('runs every command where it can read nothing but itself and its input', async () => {
    const lines = Object.entries(COMMANDS).map(([name, [args]]) => [name, [name, ...args]]);
    const outside = ['inspect', join(ROOT, 'fixtures/checkpoints/qwen3_moe/hub')];
    const { help, beyond, ...outcomes } = await npx({
      help: ['--help'],
      ...Object.fromEntries(lines),
      beyond: outside,
    });
    const list = help?.stdout.slice(help.stdout.indexOf('Commands:')) ?? '';
    const listed = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
    expect(listed.filter((name) => name !== 'help' && name !== SERVES).sort()).toEqual(Object.keys(COMMANDS).sort());
    const codes = Object.entries(outcomes).map(([name, { code, stderr }]) => [name, code, code === 2 ? '' : stderr]);
    expect(codes).toEqual(Object.entries(COMMANDS).map(([name, [, code]]) => [name, code, '']));
    expect(outcomes.verify?.stdout).toContain('Equal:');
    expect(outcomes.sample?.stdout).toContain('Convert to gate-up');
    expect(outcomes.parity?.stderr).toContain(
      `Run \`npm i onnxruntime-web@1.30.0\` in ${work}, then run parity again.`,
    );
    // The confinement holds: what is outside cannot be read.
    expect(beyond).toMatchObject({ code: 2, stderr: expect.stringContaining('path-not-found') });
  }, 120_000);

  it('gives a program in Node each subpath, which reads nothing but the package and its input', async () => {
    writeFileSync(join(work, 'package.json'), '{"private":true,"type":"module"}');
    writeFileSync(join(work, 'library.js'), withoutTypes(CONSUMER));
    const ran = await runIn(work, process.execPath, [...confinedTo(home), 'library.js']);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(JSON.parse(ran.stdout)).toEqual({
      hub: 'org/name',
      safetensors: 43,
      layouts: 'per-expert',
      plan: 1,
      convert: true,
      compare: true,
      ranks: 4,
      loads: true,
    });
  });

  it.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])(
    'has types for a program with module %s and resolution %s, its own declarations checked',
    async (module, moduleResolution) => {
      const compilerOptions = { target: 'es2023', lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'] };
      const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, types: [] };
      const config = {
        compilerOptions: { ...compilerOptions, ...strict, module, moduleResolution },
        files: ['consumer.ts'],
      };
      writeFileSync(join(work, 'package.json'), '{"private":true,"type":"module"}');
      writeFileSync(join(work, 'consumer.ts'), CONSUMER);
      writeFileSync(join(work, 'tsconfig.json'), JSON.stringify(config));
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
      const ran = await runIn(work, process.execPath, [tsc, '-p', '.']);
      expect([ran.code, ran.stdout, ran.stderr]).toEqual([0, '', '']);
      // And they do say what is wrong.
      writeFileSync(join(work, 'consumer.ts'), CONSUMER.replace("'stacked'", "'square'"));
      const wrong = await runIn(work, process.execPath, [tsc, '-p', '.']);
      expect(wrong.stdout).toContain('"square"');
    },
  );

  it('computes parity once the runtime is beside it', async () => {
    symlinkSync(join(ROOT, 'node_modules/onnxruntime-web'), join(work, 'node_modules/onnxruntime-web'));
    const bin = join(work, 'node_modules/.bin/moe-loom');
    expect(existsSync(bin)).toBe(true);
    const ran = await runIn(work, bin, ['parity', 'model', '--layer', '0', '--tokens', '2', '--json', '--quiet']);
    rmSync(join(work, 'node_modules/onnxruntime-web'));
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(JSON.parse(ran.stdout).verdict).toBe('same');
  });
});

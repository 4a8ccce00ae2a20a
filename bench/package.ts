/**
 * Packs the npm package from `dist/`, installs it and starts it cold: in an empty folder, with an empty npm cache and no
 * registry. Prints a table, and one JSON line. Exit code 1 where a goal is missed.
 *
 *     npm run build && npm run bench:package -- [--runs 5]
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FIXTURE = join(ROOT, 'fixtures/checkpoints/qwen3_moe/hub');
const GOALS = { packedBytes: 3_000_000, coldSeconds: 5 };

const { values: flags } = parseArgs({ options: { runs: { type: 'string', default: '5' } } });
const runs = Number(flags.runs);
if (!existsSync(join(ROOT, 'dist/cli/moe-loom.js'))) throw new Error('dist/ is missing. Run npm run build.');

const home = mkdtempSync(join(tmpdir(), 'moe-loom-bench-package-'));

function run(cwd: string, command: string, args: readonly string[], cache: string): string {
  const env = {
    ...process.env,
    npm_config_cache: cache,
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
  };
  return execFileSync(command, [...args], { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function folder(name: string): string {
  const path = join(home, name);
  mkdirSync(path);
  return path;
}

const bytesIn = (path: string): number =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

/** A package whose program does nothing: what npx itself takes. */
function packEmpty(): string {
  const path = folder('empty');
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name: 'empty', version: '1.0.0', bin: 'empty.js' }));
  writeFileSync(join(path, 'empty.js'), '#!/usr/bin/env node\n');
  run(path, 'npm', ['pack', '--ignore-scripts'], folder('packing-empty'));
  return join(path, 'empty-1.0.0.tgz');
}

/** Seconds of each run, in the order of time. */
function seconds(work: (at: number) => void): number[] {
  return Array.from({ length: runs }, (_, at) => {
    const start = performance.now();
    work(at);
    return (performance.now() - start) / 1000;
  });
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

try {
  const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', home];
  const [{ filename, size, unpackedSize }] = JSON.parse(run(ROOT, 'npm', packing, folder('packing')));
  const archive = join(home, filename);

  const installed = folder('installed');
  run(installed, 'npm', ['install', '--no-audit', '--no-fund', archive], folder('installing'));
  const program = join(installed, 'node_modules/moe-loom/dist/cli/moe-loom.js');

  const npx = (name: string, file: string, args: readonly string[]) =>
    seconds((at) => {
      const empty = folder(`${name}-${at}`);
      copyFileSync(file, join(empty, 'package.tgz'));
      run(empty, 'npx', ['--yes', './package.tgz', ...args], folder(`${name}-cache-${at}`));
    });
  const floor = npx('floor', packEmpty(), []);
  const cold = npx('cold', archive, ['inspect', FIXTURE]);
  const start = seconds(() => run(installed, process.execPath, [program, '--version'], home));
  const node = seconds(() => run(installed, process.execPath, ['-e', '0'], home));

  const line = {
    bench: 'package',
    node: process.version,
    packedBytes: size,
    unpackedBytes: unpackedSize,
    installedBytes: bytesIn(join(installed, 'node_modules')),
    installedPackages: readdirSync(join(installed, 'node_modules')).filter((name) => !name.startsWith('.')).length,
    coldInspectSeconds: median(cold),
    coldEmptySeconds: median(floor),
    versionSeconds: median(start),
    emptyNodeSeconds: median(node),
    runs,
  };
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
  process.stdout.write(
    [
      `packed     ${mb(line.packedBytes)} (goal: at most ${mb(GOALS.packedBytes)})`,
      `unpacked   ${mb(line.unpackedBytes)}`,
      `installed  ${mb(line.installedBytes)} in ${line.installedPackages} package(s)`,
      `cold npx inspect  ${line.coldInspectSeconds.toFixed(2)} s, median of ${runs} (goal: at most ${GOALS.coldSeconds} s)`,
      `cold npx of an empty package  ${line.coldEmptySeconds.toFixed(2)} s`,
      `--version  ${line.versionSeconds.toFixed(2)} s; Node alone ${line.emptyNodeSeconds.toFixed(2)} s`,
      JSON.stringify(line),
      '',
    ].join('\n'),
  );
  const missed = line.packedBytes > GOALS.packedBytes || line.coldInspectSeconds > GOALS.coldSeconds;
  process.exitCode = missed ? 1 : 0;
} finally {
  rmSync(home, { recursive: true, force: true });
}

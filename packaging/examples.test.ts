import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { allRepos } from '../e2e/support/hub/main.ts';
import { type HubServer, startHub } from '../e2e/support/hub/server.ts';
import { createWorkplace, type Workplace } from './examples.fixture.ts';
import { ROOT } from './run.fixture.ts';

let hub: HubServer;
let place: Workplace;

beforeAll(async () => {
  hub = await startHub({ repos: allRepos() });
  place = createWorkplace();
});
afterAll(async () => {
  place.remove();
  await hub.close();
});

async function run(name: string, ...args: readonly string[]): Promise<readonly string[]> {
  const ran = await place.run(name, readFileSync(join(ROOT, 'examples', `${name}.js`), 'utf8'), hub.url, args);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  return ran.stdout.trimEnd().split('\n');
}

it('inspect-folder says how a folder stores its experts', async () => {
  expect(await run('inspect-folder', 'model')).toEqual([
    'qwen3_moe: per-expert, 104 tensors, 622656 bytes',
    'model.layers.0.mlp moe 12',
    'model.layers.1.mlp dense ',
    'model.layers.2.mlp moe 12',
  ]);
});

it('inspect-hub reads headers alone', async () => {
  hub.clearJournal();
  const [first, last] = await run('inspect-hub', 'Qwen/Qwen3-235B-A22B');
  expect(first).toMatch(/^Qwen\/Qwen3-235B-A22B@[0-9a-f]{7}: per-expert, 36945 tensors, 470187269120 bytes$/);
  expect(Number(/\d+/.exec(last ?? '')?.[0])).toBeLessThan(10e6);
  const shards = hub.journal.filter(({ origin, path }) => origin === 'cdn' && path.includes('.safetensors'));
  expect(new Set(shards.map(({ path }) => /model-\d+/.exec(path)?.[0])).size).toBe(118);
  expect(Math.max(...shards.map(({ bytesSent }) => bytesSent))).toBeLessThan(1e6);
});

it('convert-folder proves its result', async () => {
  const lines = await run('convert-folder', 'model', 'stacked', 'converted');
  expect(lines.at(-1)).toMatch(/^Read back \d+ tensors, \d+ bytes: all equal$/);
});

it('ranks-of-config says which experts a rank holds', async () => {
  const lines = await run('ranks-of-config', 'config.json', 'vllm', '8');
  expect(lines).toHaveLength(8);
  expect(lines.at(-1)).toBe('rank 7 holds experts 112 to 127');
});

it('the program in the README prints what its comments say', async () => {
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
  expect(code.trimEnd().split('\n')).toHaveLength(8);
  const ran = await place.run('readme', code, hub.url);
  expect([ran.code, ran.stderr, ran.stdout]).toEqual([0, '', 'per-expert\nloads\n']);
});

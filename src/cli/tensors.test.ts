import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hubFolder, safetensorsBytes } from '../core/testing.fixture.ts';
import { json, run } from './run.fixture.ts';

const QWEN = hubFolder('qwen3_moe');

const names = async (...flags: string[]): Promise<string[]> =>
  (await json('tensors', QWEN, ...flags)).value.tensors.map(({ name }: { name: string }) => name);

describe('tensors', () => {
  it('lists all of them with --json, each with what it is and where its bytes are', async () => {
    const { code, value } = await json('tensors', QWEN);
    expect(code).toBe(0);
    expect(value.count).toBe(104);
    expect(value.tensors).toHaveLength(104);
    expect(value.bytes).toBe(value.tensors.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0));
    const router = value.tensors.find(({ name }: { name: string }) => name === 'model.layers.0.mlp.gate.weight');
    expect(router).toMatchObject({ role: 'router', layer: 0, expert: null, dtype: 'BF16', shape: [12, 64] });
    expect(router.end - router.start).toBe(router.bytes);
  });

  it('finds by synonyms, and says so on standard error', async () => {
    expect(await names('--search', 'router')).toEqual([
      'model.layers.0.mlp.gate.weight',
      'model.layers.2.mlp.gate.weight',
    ]);
    expect(await names('--search', 'lm head')).toEqual(['lm_head.weight']);
    expect(await names('--search', 'L0 E5 down')).toEqual(['model.layers.0.mlp.experts.5.down_proj.weight']);
    const { stderr } = await run('tensors', QWEN, '--search', 'router');
    expect(stderr).toContain('“router” also finds tensors by their role: router or router bias.');
    expect((await run('tensors', QWEN, '--search', 'router', '--quiet')).stderr).toBe('');
  });

  it('filters by role, layer, expert, file and dtype, all of them together', async () => {
    expect(await names('--role', 'gate,up', '--layer', '0-1', '--expert', '3,4')).toEqual(
      [3, 4].flatMap((expert) =>
        ['gate', 'up'].map((word) => `model.layers.0.mlp.experts.${expert}.${word}_proj.weight`),
      ),
    );
    expect(await names('--dtype', 'f32')).toEqual([]);
    const { value } = await json('tensors', QWEN, '--sort', 'file', '--limit', '1');
    const file = value.tensors[0].file;
    const inFile = await json('tensors', QWEN, '--file', file);
    expect(inFile.value.count).toBeGreaterThan(0);
    expect(new Set(inFile.value.tensors.map((each: { file: string }) => each.file))).toEqual(new Set([file]));
  });

  it('puts the largest first, and what was left out at the end of the text', async () => {
    const { value } = await json('tensors', QWEN, '--sort', 'bytes', '--limit', '3');
    const sizes = value.tensors.map(({ bytes }: { bytes: number }) => bytes);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(value.count).toBe(104);
    const smallest = (await json('tensors', QWEN, '--sort', 'bytes', '--reverse', '--limit', '1')).value.tensors[0];
    expect(smallest.bytes).toBeLessThan(sizes[0]);
    const { stdout } = await run('tensors', QWEN, '--limit', '2', '--sort', 'bytes');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/^104 tensors, .*102 more: use --limit 104, or --json\.$/);
  });

  it('finds stacks by the experts in them', async () => {
    const { value } = await json('tensors', hubFolder('gpt_oss'), '--search', 'expert 5 layer 0', '--role', 'gate-up');
    expect(value.tensors.map(({ stacked }: { stacked: number }) => stacked)).toEqual([8, 8]);
  });

  it.each([
    ['--role', 'gates'],
    ['--dtype', 'BF17'],
    ['--sort', 'weight'],
    ['--layer', 'x'],
    ['--expert', '3-'],
    ['--limit', '0'],
    ['--match', 'glob'],
    ['--file', 'nowhere.safetensors'],
  ])('refuses %s %s', async (option, value) => {
    const { code, stderr, stdout } = await run('tensors', QWEN, option, value);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('[usage]');
    expect(stderr).toContain(option === '--file' ? value : option);
  });

  it('says what is wrong with a pattern', async () => {
    const { code, stderr } = await run('tensors', QWEN, '--match', 'regex', '--search', '(');
    expect([code, stderr.includes('no regular expression')]).toEqual([2, true]);
    expect(await names('--match', 'regex', '--search', '^lm')).toEqual(['lm_head.weight']);
  });

  it('ends with 1 and lists what is there where a shard is missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tensors-'));
    const rows = [0, 2].map((expert) => ({
      name: `model.layers.0.mlp.experts.${expert}.up_proj.weight`,
      dtype: 'BF16' as const,
      shape: [4, 8],
    }));
    const [here, gone] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    writeFileSync(join(folder, here), safetensorsBytes(rows));
    const weights = [...rows.map(({ name }) => [name, here]), ['model.layers.0.mlp.experts.1.up_proj.weight', gone]];
    writeFileSync(
      join(folder, 'model.safetensors.index.json'),
      JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(weights) }),
    );
    const { code, value, stderr } = await json('tensors', folder);
    expect([code, value.count]).toEqual([1, 2]);
    expect(stderr).toContain('!');
  });
});

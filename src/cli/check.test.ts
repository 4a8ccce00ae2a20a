import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FIXTURES, hubFolder, safetensorsBytes } from '../core/testing.fixture.ts';
import { addCheck } from './check.ts';

let printed: string;
let work: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-check-'));
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(work, { recursive: true, force: true });
  process.exitCode = 0;
});

/** Tags of what `moe-loom check` finds. */
async function tagsOf(path: string): Promise<string[]> {
  const program = new Command('moe-loom').exitOverride();
  addCheck(program);
  printed = '';
  await program.parseAsync(['node', 'moe-loom', 'check', path, '--json']);
  return JSON.parse(printed).findings.map(({ tag }: { tag: string }) => tag);
}

const experts = ['gate_proj', 'up_proj', 'down_proj'].flatMap((stem) =>
  [0, 1].map((expert) => ({
    name: `model.layers.0.mlp.experts.${expert}.${stem}.weight`,
    dtype: 'BF16' as const,
    shape: stem === 'down_proj' ? [8, 4] : [4, 8],
  })),
);

it('names what a model lacks, where a config says that the folder is one', async () => {
  expect(await tagsOf(hubFolder('qwen3_moe'))).toEqual([]);
  expect(process.exitCode ?? 0).toBe(0);
  writeFileSync(join(work, 'model.safetensors'), safetensorsBytes(experts));
  expect(await tagsOf(work)).toEqual([]);
  const config = { model_type: 'qwen3_moe', num_experts: 2, num_hidden_layers: 1, hidden_size: 8 };
  writeFileSync(join(work, 'config.json'), JSON.stringify(config));
  expect(await tagsOf(work)).toContain('tensor-missing');
  expect(process.exitCode).toBe(1);
});

it('names what keeps quantised experts from being read', async () => {
  const folder = (name: string) => join(FIXTURES, 'quantised', name, 'input');
  expect(await tagsOf(folder('nvfp4-modelopt'))).not.toContain('expert-scale-missing');
  expect(await tagsOf(folder('faults/scale-missing'))).toContain('expert-scale-missing');
  expect(process.exitCode).toBe(1);
});

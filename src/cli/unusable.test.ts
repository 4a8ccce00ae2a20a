import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { hubFolder, safetensorsBytes } from '../core/testing.fixture.ts';
import { addCompare } from './compare.ts';
import { addConvert } from './convert.ts';
import { addInspect } from './inspect.ts';
import { addLoads } from './loads.ts';
import { addMemory } from './memory.ts';
import { addParity } from './parity.ts';
import { addPlan } from './plan.ts';
import { addRanks } from './ranks.ts';
import { addStats } from './stats.ts';
import { addVerify } from './verify.ts';

const ADD = [
  addInspect,
  addPlan,
  addConvert,
  addVerify,
  addCompare,
  addLoads,
  addRanks,
  addMemory,
  addStats,
  addParity,
];
const [E, H, I] = [4, 8, 6];
const CONFIG = JSON.stringify({
  architectures: ['Qwen3MoeForCausalLM'],
  model_type: 'qwen3_moe',
  hidden_size: H,
  moe_intermediate_size: I,
  num_hidden_layers: 1,
  num_experts: E,
  num_experts_per_tok: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  vocab_size: 16,
});
let work: string;
let printed: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'unusable-'));
});
afterAll(() => rmSync(work, { recursive: true }));
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

function run(...args: string[]) {
  const program = new Command('moe-loom').exitOverride();
  for (const add of ADD) add(program);
  return program.parseAsync(['node', 'moe-loom', ...args]);
}

function experts(ranks: number, prefix = '') {
  const tensor = (name: string, ...shape: number[]) => ({ name: prefix + name, dtype: 'BF16', shape }) as const;
  return safetensorsBytes([
    tensor('model.embed_tokens.weight', 16 / ranks, H),
    tensor('model.layers.0.mlp.gate.weight', E, H),
    tensor('model.layers.0.mlp.experts.gate_up_proj', E / ranks, 2 * I, H),
    tensor('model.layers.0.mlp.experts.down_proj', E / ranks, H, I),
  ]);
}

function folder(name: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = join(work, name);
  mkdirSync(path, { recursive: true });
  for (const [file, content] of Object.entries({ 'config.json': CONFIG, ...files }))
    writeFileSync(join(path, file), content);
  return path;
}

const FOLDERS = {
  slices: { 'model0-mp2.safetensors': experts(2), 'model1-mp2.safetensors': experts(2) },
  stale: {
    'model.safetensors': experts(1),
    'model.safetensors.index.json': JSON.stringify({
      weight_map: { 'other.weight': 'model.safetensors', 'model.embed_tokens.weight': 'model.safetensors' },
    }),
  },
  doubled: { 'a.safetensors': experts(1), 'b.safetensors': experts(1) },
};

const WORDS = {
  slices: /2 ranks as DeepSeek’s/,
  stale: /is stale: it names other\.weight/,
  doubled: /no index says which counts/,
} as const;

describe.each(['slices', 'stale', 'doubled'] as const)('%s', (kind) => {
  const source = () => folder(kind, FOLDERS[kind]);

  it.each([
    ['loads'],
    ['stats'],
    ['parity', '--layer', '0'],
    ['ranks', '--framework', 'vllm', '--ep', '2'],
    ['ranks', '--config', 'vllm', '--ep', '2'],
    ['memory', '--framework', 'vllm', '--gpus', '2'],
  ])('stops %s', async (command, ...flags) => {
    const refused = { tag: 'checkpoint-unusable', message: expect.stringMatching(WORDS[kind]) };
    await expect(run(command, source(), '--json', ...flags)).rejects.toMatchObject(refused);
    expect(printed).toBe('');
  });

  it.each(['compare', 'verify'])('stops %s on either side', async (command) => {
    const refused = { tag: 'checkpoint-unusable', message: expect.stringMatching(WORDS[kind]) };
    await expect(run(command, source(), hubFolder('qwen3_moe'))).rejects.toMatchObject(refused);
    await expect(run(command, hubFolder('qwen3_moe'), source())).rejects.toMatchObject(refused);
  });

  it('stops convert, and plan says why', async () => {
    const out = join(work, `out-${kind}`);
    const refused = { tag: 'not-convertible', message: expect.stringMatching(WORDS[kind]) };
    await expect(run('convert', source(), '--to', 'stacked', '--out', out)).rejects.toMatchObject(refused);
    await run('plan', source(), '--to', 'stacked');
    expect(printed).toMatch(WORDS[kind]);
    expect(process.exitCode).toBe(1);
  });

  it('is shown', async () => {
    await run('inspect', source(), '--json');
    const { findings } = JSON.parse(printed);
    expect(findings.map(({ message }: { message: string }) => message)).toContainEqual(
      expect.stringMatching(WORDS[kind]),
    );
  });
});

it('continues without a stale index where asked', async () => {
  const source = folder('aside', FOLDERS.stale);
  await run('plan', source, '--to', 'stacked', '--no-index', '--json');
  expect(JSON.parse(printed)).toMatchObject({ refusals: [], tensors: 5, metadata: [{ key: 'format', value: 'pt' }] });
});

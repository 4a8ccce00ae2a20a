import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { safetensorsBytes } from '../core/testing.fixture.ts';
import { addCompare } from './compare.ts';
import { addConvert } from './convert.ts';
import { addInspect } from './inspect.ts';
import { addLoads } from './loads.ts';
import { addParity } from './parity.ts';
import { addPlan } from './plan.ts';
import { addRanks } from './ranks.ts';
import { addStats } from './stats.ts';
import { addVerify } from './verify.ts';

const ADD = [addInspect, addPlan, addConvert, addVerify, addCompare, addLoads, addRanks, addStats, addParity];
type Named = readonly [name: string, ...shape: number[]];
const CONFIG = {
  architectures: ['Qwen3MoeForCausalLM'],
  model_type: 'qwen3_moe',
  hidden_size: 8,
  moe_intermediate_size: 6,
  num_experts: 4,
  num_experts_per_tok: 2,
};
let work: string;
let printed: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'one-cause-'));
  write('whole', SHARDS, 4);
  write('missing', SHARDS, 4, [2]);
  write('no-index', SHARDS, 4, [2], false);
  const fused = (names: (layer: string) => Named[]) => [
    Array.from({ length: 48 }, (_, l) => names(`model.layers.${l}.mlp`)).flat(),
  ];
  const router = (layer: string): Named => [`${layer}.gate.weight`, 4, 8];
  const w13 = fused((at) => [router(at), [`${at}.experts.w13_weight`, 4, 12, 8], [`${at}.experts.w2_weight`, 4, 8, 6]]);
  write('ambiguous', w13, 48);
});
afterAll(() => rmSync(work, { recursive: true }));
beforeEach(() => {
  printed = '';
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

/** Two layers a shard; of the second shard's layers some experts are in the others, so that the layers are there in part. */
const SHARDS = [1, 2].map((number) =>
  [2 * number - 2, 2 * number - 1].flatMap((l): Named[] => [
    [`model.layers.${l}.mlp.gate.weight`, 4, 8],
    ...[0, 1, 2, 3].flatMap((e): Named[] => expert(l, e)),
  ]),
);
SHARDS[0]?.push(...(SHARDS[1]?.splice(10, 3) ?? []));

function expert(layer: number, number: number): Named[] {
  const at = `model.layers.${layer}.mlp.experts.${number}`;
  return [
    [`${at}.gate_proj.weight`, 6, 8],
    [`${at}.up_proj.weight`, 6, 8],
    [`${at}.down_proj.weight`, 8, 6],
  ];
}

function write(
  name: string,
  shards: readonly Named[][],
  layers: number,
  without: readonly number[] = [],
  index = true,
) {
  const folder = join(work, name);
  mkdirSync(folder);
  const weightMap: Record<string, string> = {};
  for (const [at, tensors] of shards.entries()) {
    const file = `model-${at + 1}-of-${shards.length}.safetensors`;
    for (const [tensor] of tensors) weightMap[tensor] = file;
    const bytes = safetensorsBytes(tensors.map(([tensor, ...shape]) => ({ name: tensor, dtype: 'BF16', shape })));
    if (!without.includes(at + 1)) writeFileSync(join(folder, file), bytes);
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...CONFIG, num_hidden_layers: layers }));
  if (index) writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
}

/** What a command says on both of its streams, and in the error that it ends with. */
async function run(command: string, ...sources: string[]): Promise<string> {
  const program = new Command('moe-loom').exitOverride();
  for (const add of ADD) add(program);
  const [name = '', ...flags] = command.split(' ').map((word) => word.replace('OUT', join(work, 'out')));
  const paths = sources.map((each) => join(work, each));
  const error = await program.parseAsync(['node', 'moe-loom', name, ...paths, ...flags]).then(
    () => '',
    (thrown: Error) => thrown.message,
  );
  return printed + error;
}

const COMMANDS = [
  'inspect',
  'plan --to stacked',
  'convert --to stacked --out OUT',
  'ranks --framework vllm --ep 2',
  'stats',
  'parity --layer 2',
];
const count = (text: string, pattern: RegExp) => text.match(new RegExp(pattern, 'g'))?.length ?? 0;

it.each(COMMANDS)('%s names a missing shard once, and none of what follows from it', async (command) => {
  for (const source of ['missing', 'no-index']) {
    printed = '';
    const text = await run(command, source);
    expect(count(text, /model-2-of-2\.safetensors/), text).toBe(1);
    expect(text).not.toMatch(/Expert \d+ of|is not there|Whole experts|missing from the files/);
  }
});

it.each(['compare', 'verify'])('%s says which shard of which side is missing', async (command) => {
  expect(count(await run(command, 'whole', 'missing'), /The shard model-2-of-2\.safetensors is missing/)).toBe(1);
});

it('loads names a missing shard once for each program, and no expert of it', async () => {
  const text = await run('loads', 'missing');
  const heads = text.split('\n').filter((line) => /^\S+: /.test(line)).length;
  expect(count(text, /The shard model-2-of-2\.safetensors is missing/)).toBe(heads);
  expect(text).not.toContain('Whole experts');
});

it.each(COMMANDS)('%s says once for 48 layers that their names fit several layouts', async (command) => {
  const text = await run(command, 'ambiguous');
  expect(count(text, /may be read in several ways/), text).toBe(1);
  expect(count(text, /--assume gate-up\/w13/)).toBe(1);
  if (!command.startsWith('parity')) expect(text).toMatch(/layers (0|1)–47/);
});

it('loads names the readings', async () => {
  expect(await run('loads', 'ambiguous')).toContain(
    'needs: One reading of the experts’ names: they fit gate-up/w13 or gate-up/w31, and the files do not decide.',
  );
});

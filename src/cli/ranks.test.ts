import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { safetensorsBytes } from '../core/testing.fixture.ts';
import { run as runProgram } from './run.fixture.ts';

const [I, H] = [4, 8];
let work: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-ranks-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const run = (...args: string[]) => runProgram('ranks', ...args);

type Named = readonly [name: string, shape: readonly number[]];

function layer(at: number, experts: number, held = experts): Named[] {
  const path = `model.layers.${at}.mlp`;
  const apart = Array.from({ length: held }, (_, expert): Named[] => [
    [`${path}.experts.${expert}.gate_proj.weight`, [I, H]],
    [`${path}.experts.${expert}.up_proj.weight`, [I, H]],
    [`${path}.experts.${expert}.down_proj.weight`, [H, I]],
  ]);
  return [[`${path}.gate.weight`, [experts, H]], ...apart.flat()];
}

/** What a model has outside its layers. */
const ENDS: readonly Named[] = [
  ['model.embed_tokens.weight', [8, H]],
  ['model.norm.weight', [H]],
  ['lm_head.weight', [8, H]],
];

/** A folder with one file for each list of tensors. */
function checkpoint(name: string, experts: number, ...files: Named[][]): string {
  const path = join(work, name);
  mkdirSync(path);
  const count = String(files.length).padStart(5, '0');
  for (const [at, tensors] of files.entries()) {
    const file = `model-${String(at + 1).padStart(5, '0')}-of-${count}.safetensors`;
    const made = tensors.map(([tensor, shape]) => ({ name: tensor, dtype: 'BF16' as const, shape: [...shape] }));
    writeFileSync(join(path, file), safetensorsBytes(made));
  }
  const config = { model_type: 'qwen3_moe', architectures: ['Qwen3MoeForCausalLM'], num_experts: experts };
  const sizes = { hidden_size: H, moe_intermediate_size: I, num_hidden_layers: files.length, num_experts_per_tok: 2 };
  const rest = { num_attention_heads: 8, num_key_value_heads: 8, head_dim: 1, vocab_size: 8, mlp_only_layers: [] };
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...config, ...sizes, ...rest }));
  return path;
}

describe('moe-loom ranks', () => {
  it('names the experts of each layer where layers differ, and the config that contradicts them', async () => {
    const source = checkpoint('pruned', 8, [...ENDS, ...layer(0, 8)], layer(1, 6), layer(2, 6));
    const { code, stdout } = await run(source, '--framework', 'transformers-5', '--ep', '2');
    expect(code).toBe(0);
    const lines = stdout.split('\n').map((line) => line.trim());
    const rank = lines.findIndex((line) => line.startsWith('rank 1 '));
    expect(lines.slice(rank + 1, rank + 3)).toEqual(['layer 0: experts 4–7', 'layers 1–2: experts 3–5']);
    expect(stdout).toContain('! The config says 8 experts for every layer; layers 1–2 have 6.');
  });

  it('gives one table of what is held and read, with the framework’s own way marked', async () => {
    const source = checkpoint('two-files', 4, layer(0, 4), layer(1, 4));
    const table = async (...args: string[]) => {
      const { stdout } = await run(source, ...args);
      const lines = stdout.split('\n');
      const at = lines.findIndex((line) => line.startsWith('Bytes read'));
      const rest = lines.slice(at + 1).filter((line) => line !== '' && !line.startsWith('!'));
      return rest.map((line) => line.trim().split(/ {2,}/));
    };
    // router 64 bytes, an expert 192
    expect(await table('--framework', 'transformers-5', '--ep', '2')).toEqual([
      ['rank', 'held', 'spans *', 'files', 'everything'],
      ['0–1', '896 B', '896 B', '1.66 kB', '1.66 kB'],
      ['* transformers 5 reads the bytes in column "spans".'],
    ]);
    expect(await table('--framework', 'vllm', '--ep', '2')).toEqual([
      ['rank', 'held', 'spans', 'filter', 'files', 'everything *'],
      ['0–1', '896 B', '896 B', '896 B', '1.66 kB', '1.66 kB'],
      ['* vLLM reads the bytes in column "everything", with its weight filter those in column "filter".'],
    ]);
    expect(await table('--framework', 'megatron-core', '--pp', '2', '--ep', '2')).toEqual([
      ['rank', 'held', 'spans', 'files', 'everything'],
      ['0–3', '448 B', '448 B', '832 B', '1.66 kB'],
      ['Megatron-Core cannot load these files.'],
    ]);
  });

  it('says of a rank without experts that it has none', async () => {
    const source = checkpoint('few', 2, layer(0, 2));
    const { stdout } = await run(source, '--framework', 'vllm', '--ep', '3');
    expect(stdout).toMatch(/rank 1 +experts 1 .*\n +rank 2 +no experts +32 B/);
    const { stdout: json } = await run(source, '--framework', 'vllm', '--ep', '3', '--json');
    expect(JSON.parse(json).ranks[2]).toMatchObject({ experts: [], bytes: 32, read: { spans: 32, everything: 416 } });
  });

  it.each([
    [],
    ['--take', 'manifest'],
    ['--take', 'assertion'],
    ['--take', 'sglang'],
    ['--config', 'transformers'],
    ['--hashes'],
  ])('deals nothing where experts are missing: %s %s', async (...args) => {
    const source = checkpoint(`holes${args.join('')}`, 4, layer(0, 4), layer(1, 4, 3));
    const { code, stdout, stderr } = await run(source, '--framework', 'transformers-5', '--ep', '2', ...args);
    expect(stdout + stderr).toMatch(/Experts are missing from the files: layer 1 lacks expert 3\./);
    expect(code).toBe(1);
  });

  it('does not say that there are no experts where the files do not tell', async () => {
    const renamed = layer(0, 4).map(([name, shape]): Named => [name.replace('.experts.', '.bank.'), shape]);
    const source = checkpoint('renamed', 4, renamed);
    const { code, stdout } = await run(source, '--framework', 'vllm', '--ep', '2');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^No placement: The experts of layer 0 are stored in a way that is not known to this program\. \S+ \[4, \d+\] looks like a router/,
    );
    expect(stdout).not.toContain('There are no routed experts');
  });
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { estimateMemory } from '../../programs/fitting.ts';
import type { MemoryReport } from './report.ts';
import { shapeFromConfig } from './shape-config.ts';

const COMMON = { num_hidden_layers: 92, num_experts_per_tok: 8, n_shared_experts: 1, first_k_dense_replace: 3 };

/** GLM-4.6, sizes of its config. */
const GLM_46 = {
  ...COMMON,
  model_type: 'glm4_moe',
  hidden_size: 5120,
  num_attention_heads: 96,
  num_key_value_heads: 8,
  head_dim: 128,
  intermediate_size: 12_288,
  moe_intermediate_size: 1536,
  n_routed_experts: 160,
  vocab_size: 151_552,
  use_qk_norm: true,
  attention_bias: true,
};

/** GLM-5.2, sizes that `glm_moe_dsa` has by default in transformers 5.17. */
const GLM_52 = {
  ...COMMON,
  model_type: 'glm_moe_dsa',
  num_hidden_layers: 78,
  hidden_size: 6144,
  num_attention_heads: 64,
  num_key_value_heads: 64,
  q_lora_rank: 2048,
  kv_lora_rank: 512,
  qk_rope_head_dim: 64,
  qk_nope_head_dim: 192,
  v_head_dim: 256,
  intermediate_size: 12_288,
  moe_intermediate_size: 2048,
  n_routed_experts: 256,
  vocab_size: 154_880,
};

/**
 * GB of GLM-5.2's sparse attention, which is counted without its indexer: 32 heads of 128 from the queries' rank, one key, 32
 * weights, 78 layers in bf16, over two ranks.
 */
const INDEXER = (78 * (32 * 128 * 2048 + 128 * 6144 + 32 * 6144) * 2) / 2 / 1e9;

/** Runs of huggingface/trl#6869: H100, 2,048 tokens, micro batch 1, chunked loss, rank 16 on the four projections of attention. */
const RUNS = [
  { name: 'GLM-4.6', config: GLM_46, mesh: { gpus: 16, ep: 16 }, printed: 73, adapters: 69_337_088, beyond: 0 },
  {
    name: 'GLM-5.2',
    config: GLM_52,
    mesh: { gpus: 64, ep: 32, dp: 2 },
    printed: 56,
    adapters: 28_114_944,
    beyond: INDEXER,
  },
] as const;

const TARGETS = ['q_proj', 'k_proj', 'v_proj', 'o_proj'];
const GIB = 2 ** 30 / 1e9;

function reportOf({ config, mesh }: (typeof RUNS)[number]): MemoryReport {
  const report = estimateMemory(shapeFromConfig(config), {
    framework: 'transformers-5',
    ...mesh,
    context: 2048,
    chunkedLoss: true,
    lora: { rank: 16, targets: TARGETS },
  });
  if ('error' in report) throw new Error(report.error);
  return report;
}

describe('published LoRA runs', () => {
  // The GB that were printed must be GiB: weights of GLM-4.6 alone are 75.7 GB. What PyTorch counts leaves the runtime out.
  it.each(RUNS)('$name: $printed GB were printed', (run) => {
    const { printed, adapters, beyond } = run;
    const report = reportOf(run);
    expect(report.lora?.parameters).toBe(adapters);
    const runtime = report.terms.find(({ name }) => name === 'runtime');
    const [least, most] = [(printed - 0.5) * GIB, (printed + 0.5) * GIB];
    expect(report.low - (runtime?.low ?? 0)).toBeLessThanOrEqual(most);
    expect(report.high + beyond).toBeGreaterThanOrEqual(least);
    expect(report.verdict).not.toBe('out-of-memory');
  });

  it('stand in docs/memory.md', async () => {
    const path = fileURLToPath(new URL('../../../../docs/memory.md', import.meta.url));
    const rows = RUNS.map((run) => {
      const { lora, mesh, low, high, terms } = reportOf(run);
      const frozen = terms.find(({ name }) => name === 'frozen weights')?.high ?? 0;
      const cells = [run.name, mesh.gpus, `ep ${mesh.ep}, fsdp ${mesh.dp}`, ((lora?.parameters ?? 0) / 1e6).toFixed(1)];
      const band = `${low.toFixed(1)}–${high.toFixed(1)} GB`;
      return [...cells, `${frozen.toFixed(1)} GB`, `${run.printed} “GB”: ${(run.printed * GIB).toFixed(1)} GB`, band];
    });
    const head = ['model', 'GPUs', 'mesh', 'adapters, millions', 'frozen weights', 'printed', 'band'];
    const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
    const page = readFileSync(path, 'utf8');
    expect(page).toContain('<!-- /lora -->');
    const withTable = page.replace(
      /<!-- lora -->[\s\S]*?<!-- \/lora -->/,
      `<!-- lora -->\n\n${table}\n\n<!-- /lora -->`,
    );
    await expect(withTable).toMatchFileSnapshot(path);
  });
});

import { describe, expect, test } from 'vitest';
import { architectureOf } from './architecture-rules.ts';
import {
  type Config,
  expertCount,
  expertIntermediate,
  hiddenSize,
  latentSize,
  layerCount,
  topK,
} from './config-keys.ts';
import { expertsPerToken, perTokenPlaces } from './per-token.ts';

describe('how a config says what its experts are', () => {
  test.each<[string, Config, readonly (number | null)[]]>([
    [
      'SmallThinker',
      { moe_num_primary_experts: 32, moe_num_active_primary_experts: 4, moe_ffn_hidden_size: 768 },
      [32, 4, 768],
    ],
    ['LLaMA-MoE', { num_experts: 16, num_selects: 4, intermediate_size: 11008 }, [16, 4, 11008]],
    [
      'Mistral’s params.json',
      { dim: 7168, n_layers: 61, moe: { num_experts: 128, num_experts_per_tok: 4, expert_hidden_dim: 4096 } },
      [128, 4, 4096],
    ],
    [
      'Mixtral’s params.json',
      { dim: 4096, n_layers: 32, hidden_dim: 14336, moe: { num_experts: 8, num_experts_per_tok: 2 } },
      [8, 2, 14336],
    ],
    [
      'a text part',
      { text_config: { num_experts: 896, num_experts_per_token: 16, moe_intermediate_size: 3072 } },
      [896, 16, 3072],
    ],
  ])('%s', (_, config, expected) => {
    expect([expertCount(config), topK(config), expertIntermediate(config)]).toEqual(expected);
  });

  test('sizes and layers under the names of Mistral’s params.json', () => {
    const config = { dim: 28, n_layers: 3, moe: { num_experts: 8 } };
    expect([hiddenSize(config), layerCount(config), latentSize(config)]).toEqual([28, 3, null]);
  });

  test('the width that experts work on has keys of its own', () => {
    expect(latentSize({ hidden_size: 64, num_experts: 2, moe_latent_size: 16 })).toBe(16);
    expect(latentSize({ text_config: { num_experts: 2, routed_expert_hidden_size: 32 } })).toBe(32);
  });

  test('the halves of an encoder–decoder count their layers apart', () => {
    const config = { num_experts: 8, num_layers: 12, num_decoder_layers: 6 };
    expect([layerCount(config, 'encoder.block.3'), layerCount(config, 'decoder.block.3')]).toEqual([12, 6]);
    const other = { num_experts: 8, num_hidden_layers: 12, encoder_layers: 12, decoder_layers: 24 };
    expect([layerCount(other, 'model.encoder.layers.0'), layerCount(other, 'model.decoder.layers.0')]).toEqual([
      12, 24,
    ]);
  });
});

describe('a config with one block a layer', () => {
  const config: Config = {
    moe_latent_size: 16,
    n_routed_experts: 8,
    block_configs: [
      { block_type: 'mamba' },
      { block_type: 'moe', moe_intermediate_size: 24, num_experts_per_tok: 4 },
      { block_type: 'moe', moe_intermediate_size: 12, num_experts_per_tok: 2, n_routed_experts: 6 },
    ],
  };

  test('says for each layer what its block says, else what it says for all', () => {
    expect([1, 2].map((layer) => expertCount(config, layer))).toEqual([8, 6]);
    expect([1, 2].map((layer) => topK(config, layer))).toEqual([4, 2]);
    expect([1, 2].map((layer) => expertIntermediate(config, layer))).toEqual([24, 12]);
    expect([topK(config), expertIntermediate(config), layerCount(config)]).toEqual([null, null, 3]);
  });

  test('needs no number of experts beside its blocks', () => {
    const { n_routed_experts: _, ...silent } = config;
    expect([expertCount(silent, 2), expertCount(silent, 1)]).toEqual([6, null]);
    const nested = { text_config: silent };
    expect([expertCount(nested, 2), layerCount(nested)]).toEqual([6, 3]);
  });

  test('of another kind says nothing', () => {
    const nas = { num_experts: 4, block_configs: [{ attention: { n_heads: 2 } }, null, 'x'] };
    expect([expertCount(nas, 0), expertCount(nas, 7)]).toEqual([4, 4]);
  });
});

test('experts a token takes: an architecture’s own key first, and all places are named', () => {
  const row = architectureOf('hunyuan_v1_moe');
  expect(expertsPerToken({ num_experts: 8, num_experts_per_tok: 1, moe_topk: [2, 3] }, row, 1, '')).toBe(3);
  expect(expertsPerToken({ num_experts: 8 }, undefined, 0, '')).toBeNull();
  for (const key of ['num_experts_per_tok', 'num_selects', 'moe.num_experts_per_tok', 'block_configs'])
    expect(perTokenPlaces()).toContain(key);
});

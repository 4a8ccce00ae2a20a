import { describe, expect, it } from 'vitest';
import { readModelConfig } from '../../ranks/memory/configs.fixture.ts';
import { type Adapters, adapterParameters, type LoraRules } from '../../ranks/memory/lora.ts';
import { shapeFromConfig } from '../../ranks/memory/shape-config.ts';
import { peftLora, peftLora457 } from './lora.ts';

// Two layers, the first dense. H 8, I 6, 4 experts, dense 20, 2 heads of 4 and 1 key head: q [8, 8], k and v [4, 8], o [8, 8].
const TINY = {
  model_type: 'glm4_moe',
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  intermediate_size: 20,
  moe_intermediate_size: 6,
  n_routed_experts: 4,
  n_shared_experts: 1,
  num_experts_per_tok: 2,
  first_k_dense_replace: 1,
  vocab_size: 32,
};
const QKVO = 2 * (16 + 12 + 12 + 16);
const GATE_UP = 8 + 12;
const DOWN = 6 + 8;
const SHARED = 3 * (8 + 6);
const DENSE = 3 * (8 + 20);
const ROUTER = 8 + 4;

function adapters(
  targets: readonly string[] | null,
  config: object = TINY,
  rules: LoraRules = peftLora,
  rank = 1,
): Adapters {
  const found = rules.adapters(shapeFromConfig({ ...config }), { rank, targets });
  if ('error' in found) throw new Error(found.error);
  return found;
}

function count(...args: Parameters<typeof adapters>): number {
  return adapterParameters(adapters(...args).matrices);
}

function refusal(targets: readonly string[], config: object = TINY): string {
  const found = peftLora.adapters(shapeFromConfig({ ...config }), { rank: 4, targets });
  return 'error' in found ? found.error : 'none';
}

describe('PEFT on transformers 5', () => {
  it.each([
    [['q_proj'], 2 * 16],
    [['q_proj', 'v_proj'], 2 * (16 + 12)],
    [['self_attn.q_proj'], 2 * 16],
    [['attention'], QKVO],
    [['q_proj', 'attention'], QKVO],
    [['experts'], 4 * (GATE_UP + DOWN)],
    [['gate_up_proj'], 4 * GATE_UP],
    [['mlp.experts.down_proj'], 4 * DOWN],
    // Names of transformers 4 become parameters of the stacked experts, gate and up at twice the rank.
    [['gate_proj', 'up_proj'], 4 * 2 * GATE_UP],
    [['gate_proj', 'up_proj', 'down_proj'], 4 * (2 * GATE_UP + DOWN)],
    [['down_proj'], 4 * DOWN],
    [['gate'], ROUTER],
    [['all-linear'], QKVO + 4 * (2 * GATE_UP + DOWN) + ROUTER],
    [['lm_head'], 8 + 32],
  ])('%j: rank · (in + out) of each matrix', (targets, each) => {
    expect(count(targets)).toBe(each);
    expect(count(targets, TINY, peftLora, 5)).toBe(5 * each);
  });

  it.each([
    // qwen2_moe has no conversion: names are modules, of which experts have none.
    [['all-linear'], QKVO + SHARED + DENSE],
    [['all-linear', 'experts'], QKVO + SHARED + DENSE + 4 * (GATE_UP + DOWN)],
    [['down_proj'], 8 + 6 + 8 + 20],
    [['experts.down_proj'], 4 * DOWN],
  ])('a type without a conversion, %j', (targets, each) => {
    expect(count(targets, { ...TINY, model_type: 'unheard_of' })).toBe(each);
  });

  // Sizes of files that PEFT 0.21.0 wrote on transformers 5.17.0 for a random model of this config, rank 4.
  const WRITTEN = {
    model_type: 'qwen3_moe',
    hidden_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 12,
    intermediate_size: 32,
    moe_intermediate_size: 20,
    num_local_experts: 6,
    num_experts_per_tok: 2,
    vocab_size: 64,
  };
  it.each([
    [['q_proj', 'v_proj'], 1344],
    [['mlp.experts.down_proj'], 3264],
    [['mlp.experts.gate_up_proj'], 4224],
    [['mlp.experts.gate_up_proj', 'experts'], 7488],
    [['gate_proj', 'up_proj', 'down_proj'], 11_712],
    [['q_proj', 'v_proj', 'gate_proj', 'up_proj', 'down_proj'], 13_056],
  ])('counts as many numbers as PEFT writes: %j', (targets, numbers) => {
    expect(count(targets, WRITTEN, peftLora, 4)).toBe(numbers);
  });

  it('has the known counts of a whole model', () => {
    const qwen = readModelConfig('Qwen3-30B-A3B');
    // E · r · (2H + 3I) a layer, and 3 · E · r · (H + I) where gate and up stand apart.
    expect(count(['experts'], qwen, peftLora, 16)).toBe(629_145_600);
    expect(count(['experts'], qwen, peftLora457, 16)).toBe(830_472_192);
    expect(count(null, qwen, peftLora, 16)).toBe(13_369_344);
  });

  it('takes PEFT’s own targets where it has some, else attention, and says so', () => {
    const mixtral = adapters(null, readModelConfig('Mixtral-8x7B-v0.1'));
    expect(mixtral.targets).toEqual(['q_proj', 'v_proj']);
    expect(mixtral.said).toEqual([expect.stringContaining('PEFT’s defaults for mixtral')]);
    expect(adapters(null).said).toEqual([
      expect.stringContaining('q_proj, k_proj, v_proj, o_proj, all modules of attention'),
    ]);
  });

  it('reads latent attention’s own names', () => {
    const deepseek = readModelConfig('DeepSeek-V3');
    const found = adapters(['q_proj', 'o_proj'], deepseek);
    expect(found.said).toEqual(['No layer has a module named q_proj: it gets no adapter.']);
    expect(adapterParameters(found.matrices)).toBe(61 * (128 * 128 + 7168));
  });

  it('says which modules a converted name leaves out', () => {
    expect(adapters(['down_proj']).said[0]).toContain('mlp.shared_experts.down_proj, mlp.down_proj get no adapter');
    expect(adapters(['experts']).said).toEqual([expect.stringContaining('lora_dropout 0')]);
  });

  it.each([
    [
      ['nothing'],
      "Target modules {'nothing'} not found in the base model. Please check the target modules and try again.",
    ],
    [
      ['gate_proj', 'q_proj'],
      'Cannot convert PEFT target(s) gate_proj without also targeting up_proj because they are fused into gate_up_proj.',
    ],
  ])('refuses %j in PEFT’s words', (targets, words) => {
    expect(refusal(targets)).toBe(words);
  });

  it('converts Mixtral’s names', () => {
    const mixtral = { ...TINY, model_type: 'mixtral' };
    expect(count(['w1', 'w3', 'w2'], mixtral)).toBe(count(['gate_proj', 'up_proj', 'down_proj']));
    expect(refusal(['w3'], mixtral)).toContain('without also targeting w1');
  });
});

describe('PEFT on transformers 4.57', () => {
  const of = (targets: readonly string[], type: string) => count(targets, { ...TINY, model_type: type }, peftLora457);

  it('finds a linear module for each expert, but in the fork and where they were fused then', () => {
    expect(of(['all-linear'], 'mixtral')).toBe(QKVO + SHARED + DENSE + 4 * 3 * (8 + 6) + ROUTER);
    expect(of(['all-linear'], 'qwen3_moe')).toBe(QKVO + SHARED + DENSE + ROUTER);
    expect(of(['w1'], 'mixtral')).toBe(4 * (8 + 6));
    expect(of(['experts'], 'gpt_oss')).toBe(4 * (GATE_UP + DOWN));
    expect(of(['experts'], 'qwen3_moe')).toBe(4 * 3 * (8 + 6));
  });
});

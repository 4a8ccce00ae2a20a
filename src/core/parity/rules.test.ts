import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARCHITECTURES } from '../layouts/architecture-table.ts';
import type { LayerGroup } from '../layouts/types.ts';
import { blockRules } from './rules.ts';

const COMPUTED = ARCHITECTURES.filter(({ block }) => typeof block === 'function').flatMap(
  ({ modelTypes }) => modelTypes,
);

const group = { index: 0, prefix: 'model.layers.0.mlp' } as LayerGroup;
const KEYS = [
  'num_experts',
  'num_experts_per_tok',
  'norm_topk_prob',
  'n_group',
  'topk_group',
  'topk_method',
  'routed_scaling_factor',
  'hidden_act',
  'scoring_func',
  'swiglu_limit',
  'swiglu_limits',
  'mlp_layer_types',
  'moe_norm_min',
  'ffn_config',
  'zero_expert_num',
  'n_shared_experts',
  'rms_norm_eps',
];

describe('the rules of blocks', () => {
  it.each([
    ['an activation', 'qwen3_moe', { hidden_act: 'xielu' }, 'The activation xielu is not known to this program.'],
    ['a choice', 'deepseek_v2', { topk_method: 'noaux_tc' }, 'The topk_method noaux_tc is not known to this program.'],
    ['groups', 'deepseek_v3', { n_group: 4, topk_group: 5 }, 'which no router can use'],
    ['a hash-routed layer', 'deepseek_v4', { mlp_layer_types: ['hash_moe'] }, 'token ids'],
    ['three experts in sparse mixing', 'phimoe', { num_experts_per_tok: 3 }, 'not for 3'],
    ['no top-k', 'mixtral', { num_experts_per_tok: undefined }, 'how many experts'],
  ])('refuse by name %s that they do not know', (_, type, change, words) => {
    const config = { num_experts: 8, n_routed_experts: 8, num_local_experts: 8, num_experts_per_tok: 2, ...change };
    expect(blockRules(type, config, group)).toEqual({ reason: expect.stringContaining(words) });
  });

  it('give rules or a reason for any config', () => {
    const config = fc.dictionary(fc.constantFrom(...KEYS), fc.jsonValue({ maxDepth: 2 }));
    fc.assert(
      fc.property(fc.constantFrom(...COMPUTED), config, (type, given) => {
        const answer = blockRules(type, { ...given, num_experts: 8, num_experts_per_tok: 2 }, group);
        expect('reason' in answer || 'rules' in answer).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

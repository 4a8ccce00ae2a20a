import type { Architecture } from '../architecture-row.ts';
import type { Inner } from './block.ts';
import { block, deepSeek, softmax } from './blocks.ts';
import { activationOf, flagOf, numberOf } from './config-values.ts';
import { BY_GATE } from './ep-plan.ts';
import { loading, numbered, projections, stack } from './loading.ts';
import { sigmoidRouter } from './routers.ts';
import { FEW_DENSE, remote, row, SEEN, V5, W123 } from './row.ts';

/** Models that mix attention with state spaces or convolutions: Nemotron-H, Jamba, LFM2. */
export const HYBRID_TYPES: readonly Architecture[] = [
  row('nemotron_h', {
    mtp: 'stack',
    experts: ['n_routed_experts'],
    container: 'mixer',
    gated: false,
    layers: [
      { kind: 'types', key: 'layers_block_type', moe: ['moe'] },
      { kind: 'types', key: 'hybrid_override_pattern', moe: ['E'] },
    ],
    prefixes: [['backbone.', 'model.']],
    block: block('NemotronHMoE', deepSeek(), ({ config }) => {
      const inner: Inner = { kind: 'plain', activation: activationOf(config, 'mlp_hidden_act', 'relu2') };
      return { inner, sharedInner: inner, sharedRequired: true };
    }),
    loads: loading({
      renames: [{ from: 'backbone.', to: 'model.' }],
      converters: ['up_proj', 'down_proj'].map((name) =>
        stack(`mixer.experts.*.${name}.weight`, `mixer.experts.${name}`),
      ),
      ignored: ['mtp.*'],
    }),
    ...SEEN,
  }),
  remote('nemotron_h_puzzle', {
    experts: ['n_routed_experts'],
    container: 'mixer',
    gated: false,
    layers: [{ kind: 'blocks', key: 'block_type', moe: ['moe'] }],
    mtp: 'stack',
    source: 'ggml-org/llama.cpp#25444; ml-explore/mlx-lm#1536',
  }),
  row('jamba', {
    experts: ['num_experts'],
    container: 'feed_forward',
    intermediate: ['intermediate_size'],
    layers: [{ kind: 'period', period: 'expert_layer_period', offset: 'expert_layer_offset' }],
    block: block('JambaSparseMoeBlock', softmax('never')),
    loads: loading({ converters: projections('feed_forward') }),
    ...SEEN,
  }),
  row('lfm2_moe', {
    experts: ['num_experts'],
    container: 'feed_forward',
    disk: [W123],
    layers: [FEW_DENSE],
    block: block(
      'Lfm2MoeSparseMoeBlock',
      ({ config, topK }) =>
        sigmoidRouter(topK, {
          epsilon: 1e-6,
          normalise: flagOf(config, 'norm_topk_prob', true),
          scale: numberOf(config, 'routed_scaling_factor', 1),
        }),
      ({ config }) => ({
        inner: { kind: 'gated', activation: 'silu' },
        corrected: flagOf(config, 'use_expert_bias', true),
      }),
    ),
    loads: loading({ converters: numbered('feed_forward.experts', 'feed_forward.experts'), run: false }),
    ep: BY_GATE,
    source: V5,
  }),
];

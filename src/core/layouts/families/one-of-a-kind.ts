import type { Architecture } from '../architecture-row.ts';
import { block, deepSeek, shared, softmax } from './blocks.ts';
import { activationOf, numberOf } from './config-values.ts';
import { BY_GATE, BY_ROUTER } from './ep-plan.ts';
import { IN_MLP, loading } from './loading.ts';
import { dbrxRouter, sigmoidRouter } from './routers.ts';
import { DEEPSEEK, FEW_DENSE, GATE_UP, LAYER_TYPES, layout, remote, row, SEEN, V5 } from './row.ts';

/** Models of which a family has one. */
export const SINGLE_TYPES: readonly Architecture[] = [
  row('dots1', {
    ...DEEPSEEK,
    mlx: 'weight',
    block: block('Dots1MoE', deepSeek({ normalise: false }), shared),
    loads: loading({ converters: IN_MLP }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('mimo_v2_flash', {
    mtp: 'stack',
    ...DEEPSEEK,
    layers: [LAYER_TYPES, { kind: 'types', key: 'moe_layer_freq' }],
    block: block('MiMoV2FlashMoE', deepSeek()),
    loads: loading({ converters: IN_MLP, ignored: ['^model\\.mtp\\.'] }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('afmoe', {
    experts: ['num_experts'],
    layers: [FEW_DENSE],
    mlx: 'weight',
    block: block(
      'AfmoeSparseMoeBlock',
      ({ config, topK }) => sigmoidRouter(topK, { epsilon: 1e-20, scale: numberOf(config, 'route_scale', 1) }),
      shared,
    ),
    loads: loading({ converters: IN_MLP }),
    ep: BY_ROUTER,
    ...SEEN,
  }),
  row('dbrx', {
    experts: ['ffn_config.moe_num_experts'],
    topK: ['ffn_config.moe_top_k'],
    intermediate: ['ffn_config.ffn_hidden_size'],
    container: 'ffn',
    disk: [layout('flat', 'dbrx')],
    memory: layout('flat', 'dbrx'),
    block: block(
      'DbrxFFN',
      ({ config, topK }) => dbrxRouter(config, topK),
      ({ config }) => ({ inner: { kind: 'gated', activation: activationOf(config, 'ffn_config.ffn_act_fn.name') } }),
    ),
    loads: loading({ stacks: ['transformer.blocks'], base: 'transformer', run: false }),
  }),
  row('zaya', {
    experts: ['num_experts'],
    disk: [GATE_UP],
    block:
      'Its router adds the result of the router in the layer before, so its output cannot be computed from one layer.',
    loads: loading({ run: false }),
    ep: BY_GATE,
  }),
  row(
    'mellum',
    {
      experts: ['num_experts'],
      layers: [LAYER_TYPES],
      block: block('MellumSparseMoeBlock', softmax(true)),
      loads: loading({ converters: IN_MLP, run: false }),
      ep: BY_GATE,
      source: V5,
    },
    'num_local_experts',
  ),
  row('laguna', {
    experts: ['num_experts'],
    layers: [LAYER_TYPES],
    tails: [
      ['experts.e_score_correction_bias', 'gate.e_score_correction_bias'],
      ['shared_expert.', 'shared_experts.'],
    ],
    block: block(
      'LagunaSparseMoeBlock',
      ({ config, topK }) =>
        sigmoidRouter(topK, { epsilon: 0, softcap: numberOf(config, 'moe_router_logit_softcapping', 0) }),
      (facts) => ({ ...shared(facts), routedScale: numberOf(facts.config, 'moe_routed_scaling_factor', 1) }),
    ),
    loads: loading({ converters: IN_MLP, run: false }),
    ep: BY_GATE,
    source: V5,
  }),
  remote('smallthinker', {
    experts: ['moe_num_primary_experts'],
    topK: ['moe_num_active_primary_experts'],
    intermediate: ['moe_ffn_hidden_size'],
    container: 'block_sparse_moe',
    disk: [layout('per-expert', 'words')],
    layers: [{ kind: 'types', key: 'moe_layer_layout' }],
    source: 'ggml-org/llama.cpp#14898, conversion/smallthinker',
  }),
];

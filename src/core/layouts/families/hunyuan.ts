import type { Architecture } from '../architecture-row.ts';
import { block, deepSeek, limited, shared, softmax } from './blocks.ts';
import { numberOf } from './config-values.ts';
import { BY_GATE } from './ep-plan.ts';
import { IN_MLP, loading } from './loading.ts';
import { sigmoidRouter } from './routers.ts';
import { APART, DEEPSEEK, FIRST_DENSE, GATE_UP, LAYER_TYPES, layout, remote, row, SEEN } from './row.ts';

const TOP_K = ['moe_topk', 'num_experts_per_tok'] as const;
const WIDTH = ['moe_intermediate_size', 'intermediate_size'] as const;

/** Tencent’s models. */
export const HUNYUAN_TYPES: readonly Architecture[] = [
  row('hunyuan_v1_moe', {
    experts: ['num_experts'],
    topK: TOP_K,
    intermediate: WIDTH,
    lists: true,
    block: block('HunYuanMoEV1Moe', softmax('always'), shared),
    loads: loading({ converters: IN_MLP }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('hy_v3', {
    experts: ['num_experts'],
    layers: [LAYER_TYPES, FIRST_DENSE],
    tails: [
      ['router.gate.weight', 'gate.weight'],
      ['expert_bias', 'e_score_correction_bias'],
      ['shared_mlp.', 'shared_experts.'],
    ],
    block: block(
      'HYV3MoE',
      ({ config, topK }) =>
        sigmoidRouter(topK, { epsilon: 1e-20, scale: numberOf(config, 'router_scaling_factor', 2.826) }),
      shared,
    ),
    loads: loading({ converters: IN_MLP, ignored: ['model\\.layers\\.80.*'] }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('hy_v4', {
    mtp: 'stack',
    ...DEEPSEEK,
    disk: [GATE_UP],
    tails: [['shared_experts.linear_gate.', 'shared_experts.gate_proj.']],
    block: block('HYV4MoE', deepSeek({ scale: 2.827 }), (facts) => ({ ...shared(facts), inner: limited(facts) })),
    loads: loading({
      renames: [{ from: '\\.linear_gate', to: '.gate_proj' }],
      ignored: ['model\\.mtp_layers\\..*'],
    }),
    ep: BY_GATE,
    ...SEEN,
  }),
  remote('hunyuan', {
    experts: ['num_experts'],
    topK: TOP_K,
    disk: [APART, layout('per-expert', 'joint-up-first')],
    intermediate: WIDTH,
    lists: true,
    source: 'ml-explore/mlx-lm, models/hunyuan.py',
  }),
];

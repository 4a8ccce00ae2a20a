import type { Architecture } from '../architecture-row.ts';
import { block, OWN_CODE } from './blocks.ts';
import { activationOf, clamped, layerLimit, numberOf } from './config-values.ts';
import { BY_GATE } from './ep-plan.ts';
import { loading, VISION } from './loading.ts';
import { sigmoidRouter } from './routers.ts';
import { LAYER_TYPES, layout, type Row, remote, row, V5 } from './row.ts';

const STEP: Row = {
  experts: ['moe_num_experts', 'n_routed_experts'],
  topK: ['moe_top_k', 'num_experts_per_tok'],
  container: 'moe',
  memoryContainer: 'mlp',
  disk: [layout('stacked', 'moe')],
  layers: [LAYER_TYPES, { kind: 'list', key: 'moe_layers_enum' }],
  tails: [['router_bias', 'gate.e_score_correction_bias']],
  siblings: [['share_expert.', 'mlp.shared_experts.']],
  mtp: 'extra',
  source: V5,
};

/** StepFun’s models. */
export const STEP_TYPES: readonly Architecture[] = [
  row('step3p5', { ...STEP, block: OWN_CODE, ep: BY_GATE }),
  row('step3p7', {
    ...STEP,
    prefixes: [
      ['model.layers.', 'model.language_model.layers.'],
      ['model.embed_tokens.', 'model.language_model.embed_tokens.'],
      ['model.norm.', 'model.language_model.norm.'],
      ['vision_model.', 'model.vision_model.'],
      ['vit_large_projector.', 'model.multi_modal_projector.'],
    ],
    block: block(
      'Step3p7SparseMoeBlock',
      ({ topK }) => sigmoidRouter(topK, { epsilon: 0 }),
      ({ config, layer }) => ({
        inner: clamped(activationOf(config), layerLimit(config, 'swiglu_limits', layer), 'after'),
        sharedInner: clamped(activationOf(config), layerLimit(config, 'swiglu_limits_shared', layer), 'after'),
        sharedRequired: true,
        routedScale: numberOf(config, 'moe_router_scaling_factor', 1),
      }),
    ),
    loads: loading({
      renames: [
        { from: '^model\\.layers\\.', to: 'model.language_model.layers.' },
        { from: '\\.moe\\.down_proj\\.weight$', to: '.mlp.experts.down_proj' },
        { from: '\\.moe\\.down_proj\\.weight_scale_inv$', to: '.mlp.experts.down_proj_scale_inv' },
      ],
      converters: [
        {
          operation: 'join',
          sources: ['moe.gate_proj.weight', 'moe.up_proj.weight'],
          target: 'mlp.experts.gate_up_proj',
        },
      ],
      stacks: VISION,
    }),
  }),
  remote(['step3_text', 'step3_vl'], {
    experts: ['moe_num_experts'],
    topK: ['moe_top_k'],
    container: 'moe',
    disk: [layout('stacked', 'moe')],
    layers: [{ kind: 'list', key: 'moe_layers_enum' }],
    source: 'vLLM, models/step3_text.py',
  }),
];

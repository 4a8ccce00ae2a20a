import type { Architecture } from '../architecture-row.ts';
import { block, shared } from './blocks.ts';
import { numberOf } from './config-values.ts';
import { BY_GATE } from './ep-plan.ts';
import { loading, VISION } from './loading.ts';
import { LAYER_TYPES, layout, type Row, row, SEEN, V5 } from './row.ts';

const INKLING: Row = {
  mtp: 'stack',
  experts: ['n_routed_experts'],
  disk: [layout('gate-up-interleaved', 'inkling')],
  layers: [LAYER_TYPES],
  tails: [['gate.bias', 'gate.e_score_correction_bias']],
  prefixes: [['model.llm.layers.', 'model.language_model.layers.']],
  block: block(
    'InklingMoE',
    ({ config, topK }) => ({
      kind: 'sharing',
      topK,
      shared: numberOf(config, 'n_shared_experts', 2),
      scale: numberOf(config, 'route_scale', 8),
    }),
    shared,
  ),
  ...SEEN,
};

/** Inkling. */
export const INKLING_TYPES: readonly Architecture[] = [
  row('inkling_mm_model', {
    ...INKLING,
    loads: loading({
      renames: [
        { from: 'model\\.llm\\.layers', to: 'model.language_model.layers' },
        { from: 'mlp.experts.w2_weight', to: 'mlp.experts.down_proj' },
      ],
      converters: [
        { operation: 'same-shape', sources: ['mlp.experts.w13_weight'], target: 'mlp.experts.gate_up_proj' },
      ],
      ignored: ['model\\.mtp\\..*'],
      stacks: VISION,
    }),
  }),
  row('inkling_text', { ...INKLING, ep: BY_GATE, source: V5, confirmed: false }),
];

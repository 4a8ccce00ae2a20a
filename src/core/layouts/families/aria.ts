import type { Architecture } from '../architecture-row.ts';
import { block, chosen, shared } from './blocks.ts';
import { loading, VISION } from './loading.ts';
import { layout, type Row, row, SEEN } from './row.ts';

/** Text models alone keep the names of their memory: prefixes are renamed where a vision tower stands beside them. */
const ARIA: Row = {
  experts: ['moe_num_experts'],
  topK: ['moe_topk'],
  disk: [layout('gate-up-transposed', 'fc12')],
  memory: layout('gate-up-transposed', 'fc12'),
  intermediate: ['intermediate_size'],
  block: block('AriaTextMoELayer', chosen, (facts) => ({
    ...shared(facts),
    inner: { kind: 'gated', activation: 'silu' },
  })),
  ...SEEN,
};

/** Rhymes AI’s models. */
export const ARIA_TYPES: readonly Architecture[] = [
  row('aria', {
    ...ARIA,
    prefixes: [
      ['language_model.model.', 'model.language_model.'],
      ['language_model.lm_head.', 'lm_head.'],
      ['multi_modal_projector.', 'model.multi_modal_projector.'],
      ['vision_tower.', 'model.vision_tower.'],
    ],
    loads: loading({
      renames: [
        { from: '^language_model', to: 'model.language_model' },
        { from: '^model\\.language_model\\.model', to: 'model.language_model' },
      ],
      stacks: VISION,
    }),
  }),
  row('aria_text', { ...ARIA, loads: loading() }),
];

import type { Architecture } from '../architecture-row.ts';
import { block, deepSeek, limited, shared } from './blocks.ts';
import { activationOf, clamped, numberOf } from './config-values.ts';
import { BY_GATE } from './ep-plan.ts';
import { IN_MLP, loading, VISION } from './loading.ts';
import { DEEPSEEK, type Row, row, SEEN, V5 } from './row.ts';

const GLM_4: Row = { ...DEEPSEEK, mtp: 'extra', block: block('Glm4MoeMoE', deepSeek(), shared), ep: BY_GATE, ...SEEN };
const IGNORED = ['model\\.layers\\.46.*', 'model\\.layers\\.92.*'];
const GLM_5: Row = {
  ...DEEPSEEK,
  block: block('Glm5NextTextMoE', deepSeek({ scale: 2.5 }), (facts) => ({
    inner: limited(facts),
    sharedInner: clamped(activationOf(facts.config), numberOf(facts.config, 'swiglu_limit', 10)),
    sharedRequired: true,
  })),
  ep: BY_GATE,
  source: V5,
};

/** Z.ai’s models. */
export const GLM_TYPES: readonly Architecture[] = [
  row('glm4_moe', { ...GLM_4, loads: loading({ converters: IN_MLP, ignored: IGNORED }) }),
  row('glm4v_moe', { ...GLM_4, loads: loading({ converters: IN_MLP, ignored: IGNORED, stacks: VISION }) }),
  row('glm4v_moe_text', { ...GLM_4, source: V5, confirmed: false }),
  row('glm4_moe_lite', {
    ...GLM_4,
    block: block('Glm4MoeLiteMoE', deepSeek({ scale: 1.8 }), shared),
    loads: loading({ converters: IN_MLP, ignored: ['model\\.layers\\.47.*'] }),
  }),
  row('glm_moe_dsa', {
    ...DEEPSEEK,
    mtp: 'extra',
    block: block('GlmMoeDsaMoE', deepSeek({ scale: 2.5 }), shared),
    loads: loading({ converters: IN_MLP, ignored: ['model\\.layers\\.78.*'] }),
    ep: BY_GATE,
  }),
  row('glm5_next', {
    ...GLM_5,
    loads: loading({ converters: IN_MLP, ignored: ['layers\\.45\\.'], stacks: VISION, run: false }),
  }),
  row('glm5_next_text', GLM_5),
];

import type { Architecture } from '../architecture-row.ts';
import { block, deepSeek, shared } from './blocks.ts';
import { BY_GATE } from './ep-plan.ts';
import { IN_MLP, loading } from './loading.ts';
import { axk2Router } from './routers.ts';
import { DEEPSEEK, row, SEEN } from './row.ts';

/** Models of Korean houses: Upstage, SK Telecom, LG. */
export const KOREAN_TYPES: readonly Architecture[] = [
  row('solar_open', {
    ...DEEPSEEK,
    block: block('SolarOpenMoE', deepSeek(), shared),
    loads: loading({ converters: IN_MLP }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('axk1', {
    ...DEEPSEEK,
    block: block('AXK1MoE', deepSeek({ groups: 8, keep: 4, scale: 2.5 }), (facts) => ({
      ...shared(facts),
      norms: 'after',
    })),
    loads: loading({ converters: IN_MLP }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('axk2', {
    ...DEEPSEEK,
    block: block('AXK2MoE', ({ config, topK }) => axk2Router(config, topK), shared),
    loads: loading({ converters: IN_MLP }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('exaone_moe', {
    mtp: 'stack',
    ...DEEPSEEK,
    experts: ['num_experts'],
    tails: [['e_score_correction_bias', 'gate.e_score_correction_bias']],
    block: block('ExaoneMoeSparseMoEBlock', deepSeek({ scale: 2.5 }), shared),
    loads: loading({ converters: IN_MLP, ignored: ['mtp.*'] }),
    ep: BY_GATE,
    ...SEEN,
  }),
];

import type { Architecture } from '../architecture-row.ts';
import { block } from './blocks.ts';
import { gated, numberOf } from './config-values.ts';
import { BY_GATE } from './ep-plan.ts';
import { IN_MLP, loading } from './loading.ts';
import { ernieRouter } from './routers.ts';
import { type Row, row, SEEN } from './row.ts';

const ERNIE: Row = { experts: ['moe_num_experts'], topK: ['moe_k'], layers: [{ kind: 'interval' }], ep: BY_GATE };
const TWO_SIZES = 'Experts for text and experts for images share one list, in two sizes.';

/** Baidu’s models. */
export const ERNIE_TYPES: readonly Architecture[] = [
  row('ernie4_5_moe', {
    mtp: 'stack',
    ...ERNIE,
    tails: [['moe_statics.e_score_correction_bias', 'gate.moe_statics.e_score_correction_bias']],
    block: block(
      'Ernie4_5_MoeSparseMoeBlock',
      ({ config, topK }) => ernieRouter(config, topK),
      ({ config }) => ({
        sharedInner: gated(config),
        sharedRequired: numberOf(config, 'moe_num_shared_experts', 2) > 0,
      }),
    ),
    loads: loading({ converters: IN_MLP, ignored: ['mtp'] }),
    ...SEEN,
  }),
  row(['ernie4_5_vl_moe', 'ernie4_5_vl_moe_text'], {
    ...ERNIE,
    lists: true,
    memory: null,
    unsupported: TWO_SIZES,
    block: TWO_SIZES,
  }),
];

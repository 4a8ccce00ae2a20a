import type { Architecture } from '../architecture-row.ts';
import { block, softmax } from './blocks.ts';
import { BY_GATE } from './ep-plan.ts';
import { IN_MLP, loading } from './loading.ts';
import { type Row, row, SEEN } from './row.ts';

const OLMOE: Row = {
  experts: ['num_experts'],
  intermediate: ['intermediate_size'],
  loads: loading({ converters: IN_MLP }),
  ep: BY_GATE,
  ...SEEN,
};

/** Ai2’s models. */
export const OLMOE_TYPES: readonly Architecture[] = [
  row('olmoe', { ...OLMOE, block: block('OlmoeSparseMoeBlock', softmax(false)) }),
  row('flex_olmo', { ...OLMOE, block: block('FlexOlmoSparseMoeBlock', softmax(false)) }),
];

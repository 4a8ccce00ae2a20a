import type { Architecture } from '../architecture-row.ts';
import { OWN_CODE } from './blocks.ts';
import { FIRST_DENSE, type Row, remote } from './row.ts';

const BAILING: Row = { experts: ['num_experts'], layers: [FIRST_DENSE], mtp: 'extra' };

/** Ant’s models: Ling, Ring, LLaDA. */
export const BAILING_TYPES: readonly Architecture[] = [
  remote(['bailing_moe', 'bailing_moe_v2', 'bailing_moe_linear'], {
    ...BAILING,
    block: OWN_CODE,
    source: 'ml-explore/mlx-lm, models/bailing_moe.py',
  }),
  remote(['bailing2_5_moe', 'bailing_hybrid', 'bailing_moe_v3_vl'], {
    ...BAILING,
    source: 'huggingface/transformers#46713; vLLM, bailing_moe_v3; names as in Ling 2',
  }),
  remote('llada2_moe', { ...BAILING, mtp: 'none', source: 'SGLang, models/llada2.py' }),
];

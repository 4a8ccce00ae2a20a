import { byClaims } from '../../loads/claims.ts';
import { FACTS, from, OTHERS, QWEN3 } from '../claims.ts';
import { COUNT_DEFAULTED } from '../transformers-4/count.ts';

const MERGE = from('source', 'VeOmni, moe_merge.py: the names that it writes', FACTS);

/** What is known of how VeOmni loads a checkpoint. */
export const veomniLoads = byClaims({
  version: '4.x recipes, before VeOmni#813',
  cures: ['stacked'],
  holds: { layout: 'stacked/plain', types: QWEN3, absent: 'partial' },
  count: COUNT_DEFAULTED,
  proof: {
    reason: 'VeOmni loads a model inside its training program; run the script for its transformers 4.57 instead.',
  },
  claims: [
    { layouts: ['stacked/plain'], types: QWEN3, verdict: 'loads', evidence: MERGE },
    {
      layouts: ['per-expert'],
      types: QWEN3,
      verdict: 'partial',
      evidence: from('reported', 'VeOmni#67: a training loss of 17 on random experts', FACTS),
      needs: ['The merge step, or a version since VeOmni#813, which removed that step.'],
    },
    {
      layouts: OTHERS,
      types: QWEN3,
      verdict: 'partial',
      evidence: MERGE,
      needs: ['Care with square matrices: VeOmni#1152 reports that it transposes them without a warning.'],
    },
  ],
});

import { byClaims } from '../../loads/claims.ts';
import { from, OTHERS, QWEN3 } from '../claims.ts';
import { COUNT_DEFAULTED } from '../transformers-4/count.ts';

const FUSED = from('source', 'woct0rdho/transformers-qwen3-moe-fused, its class and README', '2025-07');

/** What is known of how the package loads a checkpoint. */
export const qwen3MoeFusedLoads = byClaims({
  version: 'on transformers 4.x',
  cures: ['qwen3-moe-fused'],
  holds: { layout: 'stacked/bare', types: QWEN3, absent: 'partial' },
  count: COUNT_DEFAULTED,
  title: 'qwen3-moe-fused',
  proof: {
    reason:
      'Import its class from the package, and replace AutoModelForCausalLM with it in the script for transformers-4.57.',
  },
  claims: [
    {
      layouts: ['stacked/bare'],
      types: QWEN3,
      verdict: 'loads',
      evidence: FUSED,
      needs: ['Its class Qwen3MoeFusedForCausalLM, in code and under `architectures`.'],
    },
    { layouts: OTHERS, types: QWEN3, verdict: 'partial', evidence: FUSED },
    {
      layouts: OTHERS,
      types: OTHERS,
      verdict: 'refuses',
      evidence: FUSED,
      needs: ['A checkpoint of qwen3_moe; it knows no other model type.'],
    },
  ],
});

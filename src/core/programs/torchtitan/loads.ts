import { byClaims } from '../../loads/claims.ts';
import { AUGUST, FACTS, from, QWEN35 } from '../claims.ts';

const TITAN = from('source', 'torchtitan b5bcd76c6', AUGUST);

/** What is known of how torchtitan loads a checkpoint. */
export const torchtitanLoads = byClaims({
  version: 'b5bcd76c6',
  cures: ['per-expert'],
  proof: {
    reason: 'torchtitan reads its own distributed checkpoints; run its conversion from safetensors and read its log.',
  },
  claims: [
    {
      layouts: ['per-expert/projections'],
      types: ['qwen3_moe', 'deepseek_v3'],
      verdict: 'loads-converting',
      evidence: TITAN,
      needs: ['Its state dict adapter; it trains from its own distributed checkpoints.'],
    },
    {
      layouts: ['gate-up/plain'],
      types: QWEN35,
      verdict: 'loads-converting',
      evidence: from('reported', 'torchtitan#4373: the orientation was wrong before it', FACTS),
      needs: ['A version with torchtitan#4373.'],
    },
  ],
});

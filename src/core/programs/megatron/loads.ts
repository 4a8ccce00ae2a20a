import { byClaims } from '../../loads/claims.ts';
import { APART, AUGUST, FACTS, from, QWEN35 } from '../claims.ts';

const BRIDGE = from('source', 'Megatron-Bridge 067f987df', AUGUST);

/** What is known of how Megatron-Bridge loads a checkpoint. */
export const megatronBridgeLoads = byClaims({
  version: '067f987df',
  cures: ['per-expert'],
  proof: {
    reason: 'Megatron-Bridge loads inside a distributed job; run one of its import examples and read the log.',
  },
  claims: [
    {
      layouts: ['per-expert/projections', 'per-expert/w123'],
      types: APART,
      verdict: 'loads-converting',
      evidence: BRIDGE,
    },
    { layouts: ['hub'], types: ['gpt_oss'], verdict: 'loads-converting', evidence: BRIDGE },
    {
      layouts: ['gate-up/plain'],
      types: QWEN35,
      verdict: 'loads-converting',
      evidence: from('reported', 'Megatron-Bridge#4329', FACTS),
      needs: ['Its conversion of multi-token prediction: some repos store these experts apart and some stacked.'],
    },
  ],
});

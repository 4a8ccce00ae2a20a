import { from } from '../claims.ts';
import type { PredictionFacet } from '../program.ts';

/** The day on which this was read. */
const READ = '2026-11-29';

/** What Megatron-Bridge makes of layers of multi-token prediction that do not fit. */
export const megatronBridgePrediction: PredictionFacet = {
  'mtp-layout-differs': {
    says: 'Before #3740 it knows one layout of these layers for a model type, and leaves experts in another at random with a warning.',
    evidence: from('reported', 'Megatron-Bridge#3740, #4329', READ),
  },
};

import { from } from '../claims.ts';
import type { PredictionFacet } from '../program.ts';

/** The day on which this was read. */
const READ = '2026-11-29';

/** What vLLM makes of layers of multi-token prediction that do not fit. */
export const vllmPrediction: PredictionFacet = {
  'mtp-absent': {
    says: 'Stops when it shall draft with these layers; without speculative decoding it does not look for them.',
    evidence: from('reported', 'vLLM, models/deepseek_mtp.py: layers of the draft without weights are an error', READ),
  },
  'mtp-unpromised': {
    says: 'Leaves out such layers only as far as the config counts them; the others have no place in its model.',
    evidence: from('source', 'vLLM 002d6073, models/glm4_moe.py, load_weights: skip_spec_layers', READ),
  },
};

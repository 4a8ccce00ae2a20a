import { from } from '../claims.ts';
import type { PredictionFacet } from '../program.ts';

/** The day on which this was read. */
const READ = '2026-11-29';

/** What llama.cpp makes of layers of multi-token prediction that do not fit. */
export const llamaCppPrediction: PredictionFacet = {
  'mtp-absent': {
    says: 'Its conversion of GLM-4.5 counts these layers with the others, and the file that it makes then lacks tensors and does not load.',
    evidence: from('source', 'llama.cpp 051139f5, conversion/glm.py, block_count; llama.cpp#16359', READ),
  },
  'mtp-unpromised': {
    says: 'Its conversion of GLM-4.5 has no name for tensors of layers that the config does not count, and stops.',
    evidence: from('source', 'llama.cpp 051139f5, conversion/glm.py, block_count and tensor_map', READ),
  },
  'mtp-shard-missing': {
    says: 'Its conversion stops when a shard of the index is missing.',
    evidence: from('reported', 'llama.cpp#16361', READ),
  },
};

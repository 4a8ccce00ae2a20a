import { from } from '../claims.ts';
import type { PredictionFacet } from '../program.ts';

/** The day on which this was read. */
const READ = '2026-11-29';

/** What transformers 5 makes of layers of multi-token prediction that do not fit. */
export const transformersPrediction: PredictionFacet = {
  'mtp-absent': {
    says: 'Does without: it drops these layers on loading and writes none on saving, which is how most are lost.',
    evidence: from('source', 'transformers 5.17, _keys_to_ignore_on_load_unexpected; ms-swift#7848', READ),
  },
  'mtp-shard-missing': {
    says: 'Cannot open the shard that the index names, though it would drop what is in it.',
    evidence: from('reported', 'llama.cpp#16361', READ),
  },
};

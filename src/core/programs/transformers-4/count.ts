import type { CountReading } from '../../loads/count.ts';
import { FACTS, from } from '../claims.ts';

/** What transformers 4.57 does without `num_experts` in config.json: it takes its default. */
export const COUNT_DEFAULTED: CountReading = {
  modelType: 'qwen3_moe',
  fallback: 128,
  evidence: from('source', 'transformers 4.57.6: Qwen3MoeConfig, num_experts', FACTS),
};

import type { Architecture } from '../architecture-row.ts';
import type { Config } from '../config-keys.ts';
import type { BlockRules } from './block.ts';
import { block } from './blocks.ts';
import { gated, numberOf, Unknown, wordOf } from './config-values.ts';
import { BY_GATE } from './ep-plan.ts';
import { IN_MLP, loading } from './loading.ts';
import { cohereRouter } from './routers.ts';
import { LAYER_TYPES, row, SEEN } from './row.ts';

function combination(config: Config): BlockRules['combine'] {
  const word = wordOf(config, 'shared_expert_combination_strategy', 'average');
  if (word !== 'sum' && word !== 'average')
    throw new Unknown(`The shared_expert_combination_strategy ${word} is not known to this program.`);
  return word;
}

/** Cohere’s models. */
export const COHERE_TYPES: readonly Architecture[] = [
  row('cohere2_moe', {
    experts: ['num_experts'],
    intermediate: ['intermediate_size'],
    layers: [LAYER_TYPES],
    block: block(
      'Cohere2MoeSparseMoeBlock',
      ({ config, topK }) => cohereRouter(config, topK),
      ({ config }) => ({
        sharedInner: gated(config),
        sharedRequired: numberOf(config, 'num_shared_experts', 0) > 0,
        combine: combination(config),
      }),
    ),
    loads: loading({ converters: IN_MLP }),
    ep: BY_GATE,
    ...SEEN,
  }),
];

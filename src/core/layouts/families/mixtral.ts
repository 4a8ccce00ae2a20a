import type { Architecture } from '../architecture-row.ts';
import { block, softmax } from './blocks.ts';
import { numberOf, Unknown } from './config-values.ts';
import { BY_GATE, BY_ROUTER } from './ep-plan.ts';
import { BLOCK_SPARSE, IN_W123, loading } from './loading.ts';
import { layout, MIXTRAL, remote, row, SEEN } from './row.ts';

/** Mixtral, and models with its container and its names of experts. */
export const MIXTRAL_TYPES: readonly Architecture[] = [
  row('mixtral', {
    ...MIXTRAL,
    block: block('MixtralSparseMoeBlock', softmax('always')),
    loads: loading({ renames: BLOCK_SPARSE, converters: IN_W123 }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('phimoe', {
    ...MIXTRAL,
    tails: [['gate.weight', 'router.weight']],
    block: block('PhimoeSparseMoeBlock', ({ config, topK }) => {
      if (topK !== 2) throw new Unknown(`Sparse mixing is defined for two experts a token, not for ${topK}.`);
      return { kind: 'sparse-mixer', topK, jitter: numberOf(config, 'router_jitter_noise', 0.01) };
    }),
    loads: loading({
      renames: [...BLOCK_SPARSE, { from: '\\.gate\\.weight', to: '.router.weight' }],
      converters: IN_W123,
    }),
    ep: BY_ROUTER,
    ...SEEN,
  }),
  remote('phixtral', {
    experts: ['num_local_experts'],
    intermediate: [],
    container: '',
    gated: false,
    disk: [layout('per-expert', 'moe-mlp')],
    source: 'ml-explore/mlx-lm, models/phixtral.py',
  }),
  remote('arctic', {
    ...MIXTRAL,
    layers: [{ kind: 'every', every: 'moe_layer_frequency', fromOne: true }],
    source: 'vLLM, models/arctic.py; ggml-org/llama.cpp, conversion/arctic',
  }),
  // Grok 2; its config says `git`, which in transformers is another model without experts
  remote('git', {
    ...MIXTRAL,
    intermediate: ['moe_intermediate_size'],
    source: 'SGLang, models/grok.py; ggml-org/llama.cpp, conversion/grok',
  }),
];

import type { Architecture } from '../architecture-row.ts';
import { block, shared } from './blocks.ts';
import { BY_GATE } from './ep-plan.ts';
import { loading } from './loading.ts';
import { mistral4Router } from './routers.ts';
import { DEEPSEEK, GATE_UP, remote, row, SEEN, W123 } from './row.ts';

/** Mistral’s own models after Mixtral, and its own format. */
export const MISTRAL_TYPES: readonly Architecture[] = [
  row('mistral4', {
    ...DEEPSEEK,
    disk: [GATE_UP],
    block: block('Mistral4MoE', ({ config, topK }) => mistral4Router(config, topK), shared),
    loads: loading(),
    ep: BY_GATE,
    ...SEEN,
  }),
  // no model type of transformers: Mistral's own format, told by its params.json
  remote('mistral-params', {
    experts: ['moe.num_experts'],
    topK: ['moe.num_experts_per_tok'],
    intermediate: ['moe.expert_hidden_dim', 'hidden_dim'],
    container: '',
    disk: [W123],
    layers: [{ kind: 'every', first: 'moe.first_k_dense_replace', every: 'moe.route_every_n' }],
    tells: ['moe.num_experts', 'dim', 'n_layers'],
    source: 'ggml-org/llama.cpp#17730',
  }),
];

import type { Architecture } from '../architecture-row.ts';
import { block, shared } from './blocks.ts';
import { attentionEntries, mlpEntries } from './ep-plan.ts';
import { loading } from './loading.ts';
import { llama4Router } from './routers.ts';
import { layout, remote, row, SEEN, TRANSPOSED } from './row.ts';

/** Meta’s models, and models made from them. */
export const LLAMA_TYPES: readonly Architecture[] = [
  row(['llama4_text', 'llama4'], {
    experts: ['num_local_experts'],
    container: 'feed_forward',
    disk: [TRANSPOSED],
    memory: TRANSPOSED,
    intermediate: ['intermediate_size'],
    layers: [{ kind: 'list', key: 'moe_layers' }],
    mlx: 'weight',
    block: block(
      'Llama4TextMoe',
      ({ topK }) => llama4Router(topK),
      (facts) => ({ ...shared(facts), scaleInput: true }),
    ),
    loads: loading({ stacks: ['model.layers', 'language_model.model.layers'], base: 'language_model' }),
    ep: {
      router: 'router',
      sums: false,
      more: [...attentionEntries('colwise', 'rowwise'), ...mlpEntries('feed_forward')],
    },
    ...SEEN,
  }),
  remote('llama_moe', {
    experts: ['num_experts'],
    topK: ['num_selects'],
    intermediate: [],
    container: 'mlp.calculator',
    disk: [layout('per-expert', 'weight-words')],
    source: 'pjlab-sys4nlp/llama-moe#74',
  }),
];

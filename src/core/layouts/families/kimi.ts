import type { Architecture } from '../architecture-row.ts';
import { block, deepSeek, shared } from './blocks.ts';
import { BY_GATE } from './ep-plan.ts';
import { BLOCK_SPARSE, IN_MLP, IN_W123, loading, VISION } from './loading.ts';
import { DEEPSEEK, FIRST_AND_EVERY, FIRST_DENSE, LAYER_TYPES, MIXTRAL, remote, row, SEEN } from './row.ts';

const V3 = { groups: 8, keep: 4, scale: 2.5 } as const;

/** Moonshot’s models. */
export const KIMI_TYPES: readonly Architecture[] = [
  row('kimi_k25', {
    ...DEEPSEEK,
    // transformers 5.17 itself writes `blocks`, an accident of undoing its own rename
    prefixes: [
      ['language_model.model.layers.', 'model.language_model.layers.'],
      ['language_model.model.blocks.', 'model.language_model.layers.'],
      ['language_model.model.', 'model.language_model.'],
      ['language_model.lm_head.', 'lm_head.'],
    ],
    block: block('DeepseekV3MoE', deepSeek(V3), shared),
    loads: loading({
      renames: [
        { from: 'language_model.model', to: 'model.language_model' },
        { from: 'blocks', to: 'layers' },
      ],
      converters: IN_MLP,
      ignored: ['model\\.layers\\.61.*'],
      stacks: VISION,
    }),
    ...SEEN,
  }),
  row('kimi_linear', {
    ...MIXTRAL,
    experts: ['num_experts'],
    topK: ['num_experts_per_token', 'num_experts_per_tok'],
    intermediate: ['moe_intermediate_size'],
    layers: [LAYER_TYPES, FIRST_DENSE],
    block: block('KimiLinearMoE', deepSeek({ scale: 2.446 }), shared),
    loads: loading({ renames: BLOCK_SPARSE, converters: IN_W123 }),
    ep: BY_GATE,
    ...SEEN,
  }),
  remote('kimi_k2', {
    ...DEEPSEEK,
    mtp: 'extra',
    block: block('DeepseekV3MoE', deepSeek(V3), (facts) => ({
      ...shared(facts),
      note: 'Kimi K2 is computed as DeepSeek V3, whose code its repositories carry.',
    })),
    source: 'ml-explore/mlx-lm, models/kimi_k25.py',
  }),
  remote('kimi_vl', {
    ...DEEPSEEK,
    layers: [LAYER_TYPES, FIRST_AND_EVERY],
    source: 'ml-explore/mlx-lm, models/kimi_vl.py',
  }),
  remote('kimi_k3', {
    ...MIXTRAL,
    experts: ['num_experts'],
    topK: ['num_experts_per_token', 'num_experts_per_tok'],
    intermediate: ['moe_intermediate_size'],
    layers: [FIRST_AND_EVERY],
    source: 'NVIDIA-NeMo/Megatron-Bridge, Kimi K3 bridge; ggml-org/llama.cpp#26185',
  }),
];

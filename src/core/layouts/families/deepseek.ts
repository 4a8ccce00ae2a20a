import type { Architecture } from '../architecture-row.ts';
import { block, deepSeek, limited, shared } from './blocks.ts';
import { Unknown } from './config-values.ts';
import { BY_GATE } from './ep-plan.ts';
import { IN_MLP, IN_W123, loading } from './loading.ts';
import { deepSeek2Router, deepSeek4Router } from './routers.ts';
import { DEEPSEEK, FIRST_AND_EVERY, type Row, remote, row, SEEN, V5, W123 } from './row.ts';

const V3 = { groups: 8, keep: 4, scale: 2.5 } as const;
const OCR_2: Row = { ...DEEPSEEK, ep: BY_GATE, source: V5 };

/** DeepSeek’s models. */
export const DEEPSEEK_TYPES: readonly Architecture[] = [
  row('deepseek_v2', {
    ...DEEPSEEK,
    block: block('DeepseekV2Moe', ({ config, topK }) => deepSeek2Router(config, topK), shared),
    loads: loading({ converters: IN_MLP }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('deepseek_ocr2_text', OCR_2),
  row('deepseek_ocr2', {
    ...OCR_2,
    prefixes: [
      ['model.layers.', 'model.language_model.layers.'],
      ['model.embed_tokens.', 'model.language_model.embed_tokens.'],
      ['model.norm.', 'model.language_model.norm.'],
    ],
  }),
  row('deepseek_v3', {
    ...DEEPSEEK,
    mtp: 'extra',
    block: block('DeepseekV3MoE', deepSeek(V3), shared),
    loads: loading({ converters: IN_MLP, ignored: ['model\\.layers\\.61.*'] }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('deepseek_v32', {
    ...DEEPSEEK,
    mtp: 'extra',
    block: block('DeepseekV32MoE', deepSeek(V3), shared),
    loads: loading({ converters: IN_MLP, ignored: ['model\\.layers\\.61.*'] }),
    ep: BY_GATE,
  }),
  row('deepseek_v4', {
    mtp: 'stack',
    ...DEEPSEEK,
    container: 'ffn',
    memoryContainer: 'mlp',
    disk: [W123],
    layers: [],
    tails: [
      ['gate.bias', 'gate.e_score_correction_bias'],
      ['shared_experts.w1.', 'shared_experts.gate_proj.'],
      ['shared_experts.w2.', 'shared_experts.down_proj.'],
      ['shared_experts.w3.', 'shared_experts.up_proj.'],
    ],
    block: block(
      'DeepseekV4SparseMoeBlock',
      ({ config, topK, layer }) => {
        const types = config.mlp_layer_types;
        if (Array.isArray(types) && types[layer] === 'hash_moe')
          throw new Unknown('This layer chooses experts by token ids, not by hidden states.');
        return deepSeek4Router(config, topK);
      },
      (facts) => ({ inner: limited(facts), sharedInner: limited(facts), sharedRequired: true }),
    ),
    loads: loading({
      renames: [{ from: '\\.ffn\\.', to: '.mlp.' }],
      converters: IN_W123,
      ignored: ['(^|\\.)mtp\\..*'],
    }),
    ep: {
      ...BY_GATE,
      more: [
        { name: 'self_attn.compressor.indexer.q_b_proj', style: 'colwise' },
        { name: 'self_attn.compressor.indexer.scorer.weights_proj', style: 'colwise' },
        { name: 'self_attn.compressor.indexer.scorer', style: 'all_reduce' },
      ],
    },
    ...SEEN,
  }),
  remote('deepseek', {
    ...DEEPSEEK,
    layers: [FIRST_AND_EVERY],
    source: 'ml-explore/mlx-lm, models/deepseek.py; InternLM/lmdeploy',
  }),
  remote(['deepseek_vl_v2', 'deepseek_ocr'], {
    ...DEEPSEEK,
    layers: [FIRST_AND_EVERY],
    source: 'InternLM/lmdeploy, DeepSeek-VL2; ggml-org/llama.cpp, deepseek2-ocr',
  }),
  remote(['deepseek_v41', 'deepseek_v41_text'], {
    ...DEEPSEEK,
    container: 'ffn',
    disk: [W123],
    layers: [],
    draftExperts: ['dspark_n_routed_experts'],
    mtp: 'stack',
    source: 'huggingface/transformers#48721; names as in DeepSeek V4',
  }),
];

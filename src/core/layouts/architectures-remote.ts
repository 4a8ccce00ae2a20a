import type { Architecture, LayerRule } from './architecture.ts';
import {
  APART,
  DEEPSEEK,
  FIRST_DENSE,
  LAYER_TYPES,
  layout,
  MIXTRAL,
  QWEN,
  type Row,
  row,
  TRANSPOSED,
  W123,
} from './architecture-row.ts';

/** A row of a model that transformers 5.17 has no classes for: its names stay as the Hub has them. */
function remote(types: string | readonly string[], own: Row & { readonly source: string }): Architecture {
  return row(types, { memory: null, memoryContainer: own.container ?? 'mlp', ...own, remote: true });
}

const FIRST_AND_EVERY: LayerRule = { kind: 'every', first: 'first_k_dense_replace', every: 'moe_layer_freq' };
const BAILING: Row = { experts: ['num_experts'], layers: [FIRST_DENSE], mtp: 'extra' };
const LONGCAT: Row = {
  experts: ['n_routed_experts'],
  topK: ['moe_topk'],
  intermediate: ['expert_ffn_hidden_size'],
  mtp: 'stack',
};

/** Model types whose code comes with their repos, and Mistral's own format, one row each. */
export const REMOTE: readonly Architecture[] = [
  remote('kimi_k2', { ...DEEPSEEK, mtp: 'extra', source: 'ml-explore/mlx-lm, models/kimi_k25.py' }),
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
  remote(['bailing_moe', 'bailing_moe_v2', 'bailing_moe_linear'], {
    ...BAILING,
    source: 'ml-explore/mlx-lm, models/bailing_moe.py',
  }),
  remote(['bailing2_5_moe', 'bailing_hybrid', 'bailing_moe_v3_vl'], {
    ...BAILING,
    source: 'huggingface/transformers#46713; vLLM, bailing_moe_v3; names as in Ling 2',
  }),
  remote('llada2_moe', { ...BAILING, mtp: 'none', source: 'SGLang, models/llada2.py' }),
  remote('nemotron_h_puzzle', {
    experts: ['n_routed_experts'],
    container: 'mixer',
    gated: false,
    layers: [{ kind: 'blocks', key: 'block_type', moe: ['moe'] }],
    mtp: 'stack',
    source: 'ggml-org/llama.cpp#25444; ml-explore/mlx-lm#1536',
  }),
  remote(['minimax_text_01', 'minimax_m1'], { ...MIXTRAL, source: 'vLLM, minimax_text_01; llama.cpp, minimax-01' }),
  remote(['step3_text', 'step3_vl'], {
    experts: ['moe_num_experts'],
    topK: ['moe_top_k'],
    container: 'moe',
    disk: [layout('stacked', 'moe')],
    layers: [{ kind: 'list', key: 'moe_layers_enum' }],
    source: 'vLLM, models/step3_text.py',
  }),
  remote('longcat_flash_ngram', { ...LONGCAT, source: 'ml-explore/mlx-lm, models/longcat_flash_ngram.py' }),
  remote('Klear', { ...QWEN, source: 'ml-explore/mlx-lm, models/Klear.py' }),
  remote('grove_moe', { ...QWEN, source: 'ggml-org/llama.cpp, conversion/grovemoe' }),
  remote(['interns1', 'interns1_text'], { ...QWEN, source: 'InternLM/lmdeploy; modelscope/ms-swift' }),
  remote('interns1_pro', { ...QWEN, disk: [APART, TRANSPOSED], source: 'InternLM/lmdeploy' }),
  remote('hunyuan', {
    experts: ['num_experts'],
    topK: ['moe_topk', 'num_experts_per_tok'],
    disk: [APART, layout('per-expert', 'joint-up-first')],
    intermediate: ['moe_intermediate_size', 'intermediate_size'],
    lists: true,
    source: 'ml-explore/mlx-lm, models/hunyuan.py',
  }),
  remote('smallthinker', {
    experts: ['moe_num_primary_experts'],
    topK: ['moe_num_active_primary_experts'],
    intermediate: ['moe_ffn_hidden_size'],
    container: 'block_sparse_moe',
    disk: [layout('per-expert', 'words')],
    layers: [{ kind: 'types', key: 'moe_layer_layout' }],
    source: 'ggml-org/llama.cpp#14898, conversion/smallthinker',
  }),
  remote('llama_moe', {
    experts: ['num_experts'],
    topK: ['num_selects'],
    intermediate: [],
    container: 'mlp.calculator',
    disk: [layout('per-expert', 'weight-words')],
    source: 'pjlab-sys4nlp/llama-moe#74',
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

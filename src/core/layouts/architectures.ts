import type { Architecture, LayerRule } from './architecture.ts';
import type { Dialect, ExpertLayout, Family } from './types.ts';

const layout = (family: Family, dialect: Dialect): ExpertLayout => ({ family, dialect });
const APART = layout('per-expert', 'projections');
const W123 = layout('per-expert', 'w123');
const GATE_UP = layout('gate-up', 'plain');
const TRANSPOSED = layout('gate-up-transposed', 'plain');

const FIRST_DENSE: LayerRule = { kind: 'first', key: 'first_k_dense_replace' };
const FEW_DENSE: LayerRule = { kind: 'first', key: 'num_dense_layers' };
const LAYER_TYPES: LayerRule = { kind: 'types', key: 'mlp_layer_types' };
const SPARSE_STEP: LayerRule = { kind: 'sparse-step' };

const FACTS = 'facts on layouts, section 1';
const V5 = 'transformers 5.17, conversion_mapping.py';
/** Names that transformers 5.17 wrote are among the fixtures. */
const SEEN = { source: 'names written by transformers 5.17, among the fixtures', confirmed: true } as const;

type Row = Partial<Omit<Architecture, 'modelTypes' | 'countKeys'>> & {
  readonly experts: readonly [string, ...string[]];
};

/** A row with what most model types have: experts apart under `mlp`, fused by transformers 5, every layer a MoE. */
function row(types: string | readonly string[], { experts, ...own }: Row, v5Count: string = experts[0]): Architecture {
  const container = own.container ?? 'mlp';
  return {
    modelTypes: typeof types === 'string' ? [types] : types,
    container,
    memoryContainer: container === 'block_sparse_moe' ? 'mlp' : container,
    disk: [APART],
    memory: GATE_UP,
    gated: true,
    topK: ['num_experts_per_tok'],
    intermediate: ['moe_intermediate_size'],
    perToken: null,
    lists: false,
    layers: [],
    tails: [],
    siblings: [],
    prefixes: [],
    mtp: 'none',
    mlx: 'switch-mlp',
    unsupported: null,
    source: FACTS,
    confirmed: false,
    ...own,
    experts: [...new Set([...experts, v5Count])],
    countKeys: { v4: experts[0], v5: v5Count },
  };
}

const DEEPSEEK: Row = { experts: ['n_routed_experts'], layers: [LAYER_TYPES, FIRST_DENSE] };
const QWEN: Row = { experts: ['num_experts'], layers: [SPARSE_STEP] };
const MIXTRAL: Row = {
  experts: ['num_local_experts'],
  container: 'block_sparse_moe',
  disk: [W123],
  intermediate: ['intermediate_size'],
};
const GRANITE: Row = {
  ...MIXTRAL,
  memoryContainer: 'block_sparse_moe',
  disk: [layout('gate-up', 'input-output-linear')],
  tails: [['router.layer.weight', 'router.weight']],
};

const STEP: Row = {
  experts: ['moe_num_experts', 'n_routed_experts'],
  topK: ['moe_top_k', 'num_experts_per_tok'],
  container: 'moe',
  memoryContainer: 'mlp',
  disk: [layout('stacked', 'moe')],
  layers: [LAYER_TYPES, { kind: 'list', key: 'moe_layers_enum' }],
  tails: [['router_bias', 'gate.e_score_correction_bias']],
  siblings: [['share_expert.', 'mlp.shared_experts.']],
  mtp: 'extra',
  source: V5,
};

/** Every known model type, one row each. Adding one: docs/add-an-architecture.md. */
export const ARCHITECTURES: readonly Architecture[] = [
  row('qwen3_moe', { ...QWEN, ...SEEN }, 'num_local_experts'),
  row('qwen2_moe', { ...QWEN, ...SEEN }),
  row('qwen3_next', { ...QWEN, mtp: 'stack', ...SEEN }),
  row(['qwen3_5_moe', 'qwen3_5_moe_text'], { experts: ['num_experts'], disk: [GATE_UP, APART], mtp: 'stack', ...SEEN }),
  row(['qwen3_vl_moe', 'qwen3_vl_moe_text'], { ...QWEN, disk: [TRANSPOSED, GATE_UP] }, 'num_local_experts'),
  row(['qwen3_omni_moe', 'qwen3_omni_moe_thinker', 'qwen3_omni_moe_text'], QWEN),
  row(['qwen3_omni_moe_talker', 'qwen3_omni_moe_talker_text'], QWEN, 'num_local_experts'),
  row('mixtral', { ...MIXTRAL, ...SEEN }),
  row('minimax', { ...MIXTRAL, ...SEEN }),
  row('minimax_m2', { ...MIXTRAL, ...SEEN }),
  row(['minimax_m3_vl', 'minimax_m3_vl_text'], {
    ...MIXTRAL,
    intermediate: [],
    layers: [LAYER_TYPES],
    tails: [['e_score_correction_bias', 'gate.e_score_correction_bias']],
    prefixes: [
      ['language_model.model.', 'model.language_model.'],
      ['language_model.lm_head.', 'lm_head.'],
    ],
    source: V5,
  }),
  row('phimoe', { ...MIXTRAL, tails: [['gate.weight', 'router.weight']], ...SEEN }),
  row('deepseek_v2', { ...DEEPSEEK, ...SEEN }),
  row('deepseek_v3', { ...DEEPSEEK, mtp: 'extra', ...SEEN }),
  row('deepseek_v32', { ...DEEPSEEK, mtp: 'extra' }),
  row('kimi_k2', { ...DEEPSEEK, mtp: 'extra', memory: null }),
  row('kimi_k25', {
    ...DEEPSEEK,
    // transformers 5.17 itself writes `blocks`, an accident of undoing its own rename
    prefixes: [
      ['language_model.model.layers.', 'model.language_model.layers.'],
      ['language_model.model.blocks.', 'model.language_model.layers.'],
      ['language_model.model.', 'model.language_model.'],
      ['language_model.lm_head.', 'lm_head.'],
    ],
    ...SEEN,
  }),
  row('kimi_linear', {
    ...MIXTRAL,
    experts: ['num_experts'],
    topK: ['num_experts_per_token', 'num_experts_per_tok'],
    intermediate: ['moe_intermediate_size'],
    layers: [LAYER_TYPES, FIRST_DENSE],
    ...SEEN,
  }),
  row('deepseek_v4', {
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
    ...SEEN,
  }),
  row(['glm4_moe', 'glm4v_moe', 'glm4v_moe_text', 'glm4_moe_lite'], { ...DEEPSEEK, mtp: 'extra', ...SEEN }),
  row('glm_moe_dsa', { ...DEEPSEEK, mtp: 'extra' }),
  row(['glm5_next', 'glm5_next_text'], { ...DEEPSEEK, source: V5 }),
  row('dots1', { ...DEEPSEEK, mlx: 'weight', ...SEEN }),
  row(['solar_open', 'axk1', 'axk2'], { ...DEEPSEEK, ...SEEN }),
  row('mimo_v2_flash', {
    ...DEEPSEEK,
    layers: [LAYER_TYPES, { kind: 'types', key: 'moe_layer_freq' }],
    ...SEEN,
  }),
  row('exaone_moe', {
    ...DEEPSEEK,
    experts: ['num_experts'],
    tails: [['e_score_correction_bias', 'gate.e_score_correction_bias']],
    ...SEEN,
  }),
  row(['olmoe', 'flex_olmo'], { experts: ['num_experts'], intermediate: ['intermediate_size'], ...SEEN }),
  row('hunyuan_v1_moe', {
    experts: ['num_experts'],
    topK: ['moe_topk', 'num_experts_per_tok'],
    intermediate: ['moe_intermediate_size', 'intermediate_size'],
    lists: true,
    ...SEEN,
  }),
  row('hy_v3', {
    experts: ['num_experts'],
    layers: [LAYER_TYPES, FIRST_DENSE],
    tails: [
      ['router.gate.weight', 'gate.weight'],
      ['expert_bias', 'e_score_correction_bias'],
      ['shared_mlp.', 'shared_experts.'],
    ],
    ...SEEN,
  }),
  row('ernie4_5_moe', {
    experts: ['moe_num_experts'],
    topK: ['moe_k'],
    layers: [{ kind: 'interval' }],
    tails: [['moe_statics.e_score_correction_bias', 'gate.moe_statics.e_score_correction_bias']],
    ...SEEN,
  }),
  row(['ernie4_5_vl_moe', 'ernie4_5_vl_moe_text'], {
    experts: ['moe_num_experts'],
    topK: ['moe_k'],
    layers: [{ kind: 'interval' }],
    memory: null,
    unsupported: 'Experts for text and experts for images share one list, in two sizes.',
  }),
  row('granitemoe', { ...GRANITE, ...SEEN }),
  row(['granitemoeshared', 'granitemoehybrid', 'granitemoe_swa'], { ...GRANITE, ...SEEN }),
  row('jamba', {
    experts: ['num_experts'],
    container: 'feed_forward',
    intermediate: ['intermediate_size'],
    layers: [{ kind: 'period', period: 'expert_layer_period', offset: 'expert_layer_offset' }],
    ...SEEN,
  }),
  row('lfm2_moe', {
    experts: ['num_experts'],
    container: 'feed_forward',
    disk: [W123],
    layers: [FEW_DENSE],
    source: V5,
  }),
  row('nemotron_h', {
    experts: ['n_routed_experts'],
    container: 'mixer',
    gated: false,
    layers: [
      { kind: 'types', key: 'layers_block_type', moe: ['moe'] },
      { kind: 'types', key: 'hybrid_override_pattern', moe: ['E'] },
    ],
    prefixes: [['backbone.', 'model.']],
    ...SEEN,
  }),
  row('afmoe', { experts: ['num_experts'], layers: [FEW_DENSE], mlx: 'weight', ...SEEN }),
  row('longcat_flash', {
    experts: ['n_routed_experts'],
    topK: ['moe_topk'],
    intermediate: ['expert_ffn_hidden_size'],
    // transformers 5.17 holds gate and up, but not down, for the experts without weights too
    memory: null,
    mtp: 'stack',
  }),
  row(['bailing_moe', 'bailing_moe_v2', 'bailing_moe_linear'], {
    experts: ['num_experts'],
    layers: [FIRST_DENSE],
    mtp: 'extra',
    memory: null,
  }),
  row('gpt_oss', {
    experts: ['num_local_experts'],
    disk: [layout('gate-up-interleaved', 'gpt-oss'), layout('gate-up-interleaved', 'gpt-oss-mxfp4')],
    memory: layout('gate-up-interleaved', 'gpt-oss'),
    intermediate: ['intermediate_size'],
    mlx: 'weight',
    ...SEEN,
  }),
  row(['llama4_text', 'llama4'], {
    experts: ['num_local_experts'],
    container: 'feed_forward',
    disk: [TRANSPOSED],
    memory: TRANSPOSED,
    intermediate: ['intermediate_size'],
    layers: [{ kind: 'list', key: 'moe_layers' }],
    mlx: 'weight',
    ...SEEN,
  }),
  row(['aria', 'aria_text'], {
    experts: ['moe_num_experts'],
    topK: ['moe_topk'],
    disk: [layout('gate-up-transposed', 'fc12')],
    memory: layout('gate-up-transposed', 'fc12'),
    intermediate: ['intermediate_size'],
    prefixes: [
      ['language_model.model.', 'model.language_model.'],
      ['language_model.lm_head.', 'lm_head.'],
      ['multi_modal_projector.', 'model.multi_modal_projector.'],
      ['vision_tower.', 'model.vision_tower.'],
    ],
    ...SEEN,
  }),
  row('dbrx', {
    experts: ['ffn_config.moe_num_experts'],
    topK: ['ffn_config.moe_top_k'],
    intermediate: ['ffn_config.ffn_hidden_size'],
    container: 'ffn',
    disk: [layout('flat', 'dbrx')],
    memory: layout('flat', 'dbrx'),
  }),
  row('jetmoe', {
    experts: ['num_local_experts'],
    disk: [layout('gate-up', 'input-output-linear')],
    memory: layout('gate-up', 'input-output-linear'),
    intermediate: ['intermediate_size'],
    ...SEEN,
  }),
  row(['gemma4', 'gemma4_text'], {
    experts: ['num_experts'],
    topK: ['top_k_experts'],
    container: '',
    disk: [GATE_UP],
  }),
  row('step3p5', STEP),
  row('step3p7', {
    ...STEP,
    prefixes: [
      ['model.layers.', 'model.language_model.layers.'],
      ['model.embed_tokens.', 'model.language_model.embed_tokens.'],
      ['model.norm.', 'model.language_model.norm.'],
      ['vision_model.', 'model.vision_model.'],
      ['vit_large_projector.', 'model.multi_modal_projector.'],
    ],
  }),
  row(['inkling_mm_model', 'inkling_text'], {
    experts: ['n_routed_experts'],
    disk: [layout('gate-up-interleaved', 'inkling')],
    layers: [LAYER_TYPES],
    tails: [['gate.bias', 'gate.e_score_correction_bias']],
    prefixes: [['model.llm.layers.', 'model.language_model.layers.']],
    ...SEEN,
  }),
  row('mistral4', { ...DEEPSEEK, disk: [GATE_UP], ...SEEN }),
  row('hy_v4', {
    ...DEEPSEEK,
    disk: [GATE_UP],
    tails: [['shared_experts.linear_gate.', 'shared_experts.gate_proj.']],
    ...SEEN,
  }),
  row('zaya', { experts: ['num_experts'], disk: [GATE_UP] }),
  row('openai_privacy_filter', {
    experts: ['num_local_experts'],
    disk: [TRANSPOSED],
    memory: TRANSPOSED,
    intermediate: ['intermediate_size'],
    ...SEEN,
  }),
  row('cohere2_moe', {
    experts: ['num_experts'],
    intermediate: ['intermediate_size'],
    layers: [LAYER_TYPES],
    ...SEEN,
  }),
  row('mellum', { experts: ['num_experts'], layers: [LAYER_TYPES], source: V5 }, 'num_local_experts'),
  row('laguna', {
    experts: ['num_experts'],
    layers: [LAYER_TYPES],
    tails: [
      ['experts.e_score_correction_bias', 'gate.e_score_correction_bias'],
      ['shared_expert.', 'shared_experts.'],
    ],
    source: V5,
  }),
];

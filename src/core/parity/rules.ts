import { type Config, expertConfig, topK as topKOf } from '../layouts/config-keys.ts';
import type { LayerGroup } from '../layouts/types.ts';
import { activationOf, clamped, flagOf, gated, layerLimit, numberOf, Unknown, wordOf } from './config-values.ts';
import type { BlockRules, Inner, Router, RulesAnswer } from './definition.ts';
import {
  axk2Router,
  cohereRouter,
  type DeepSeekDefaults,
  dbrxRouter,
  deepSeek2Router,
  deepSeek4Router,
  deepSeekRouter,
  ernieRouter,
  llama4Router,
  longcatRouter,
  mistral4Router,
  sigmoidRouter,
  softmaxThenTopK,
  topKThenSoftmax,
} from './routers.ts';

/** What a model type's rules are made from: the experts' config, the layer's number, experts a token is sent to. */
interface Facts {
  readonly config: Config;
  readonly layer: number;
  readonly topK: number;
}

type Rules = Partial<BlockRules> & Pick<BlockRules, 'source' | 'router'>;
type Maker = (facts: Facts) => Rules;

const GPT_OSS: Inner = { kind: 'oai', alpha: 1.702, limit: 7 };
const BESIDE = 'The shared MLP of this architecture stands beside the block, and is not part of it.';

const plain =
  (source: string, router: (facts: Facts) => Router, more: (facts: Facts) => Partial<BlockRules> = () => ({})): Maker =>
  (facts) => ({ source, router: router(facts), ...more(facts) });

const softmax =
  (usual: boolean | 'always' | 'never') =>
  ({ config, topK }: Facts) =>
    softmaxThenTopK(topK, typeof usual === 'boolean' ? flagOf(config, 'norm_topk_prob', usual) : usual === 'always');

const shared = ({ config }: Facts): Partial<BlockRules> => ({ sharedInner: gated(config), sharedRequired: true });
const deepSeek =
  (defaults: DeepSeekDefaults = {}) =>
  ({ config, topK }: Facts) =>
    deepSeekRouter(config, topK, defaults);

const limited = ({ config }: Facts, usual = 10): Inner => clamped('silu', numberOf(config, 'swiglu_limit', usual));
const granite = (source: string, note: string | null = null) =>
  plain(
    source,
    ({ topK }) => topKThenSoftmax(topK),
    () => ({ note }),
  );

/** By model type, as in the table of architectures. What is not here is named as unknown, never guessed. */
const RULES: Readonly<Record<string, Maker>> = {
  qwen3_moe: plain('Qwen3MoeSparseMoeBlock', softmax(false)),
  qwen2_moe: plain('Qwen2MoeSparseMoeBlock', softmax(false), shared),
  qwen3_next: plain('Qwen3NextSparseMoeBlock', softmax(true), shared),
  qwen3_5_moe: plain('Qwen3_5MoeSparseMoeBlock', softmax('always'), shared),
  qwen3_vl_moe: plain('Qwen3VLMoeTextSparseMoeBlock', softmax('always')),
  qwen3_omni_moe: plain('Qwen3OmniMoeThinkerTextSparseMoeBlock', softmax(true)),
  qwen3_omni_moe_talker: plain('Qwen3OmniMoeTalkerTextSparseMoeBlock', softmax(false), shared),
  mixtral: plain('MixtralSparseMoeBlock', softmax('always')),
  minimax: plain('MiniMaxSparseMoeBlock', softmax('always')),
  minimax_m2: plain('MiniMaxM2SparseMoeBlock', ({ topK }) => sigmoidRouter(topK, { epsilon: 0 })),
  minimax_m3_vl: plain(
    'MiniMaxM3VLSparseMoeBlock',
    ({ topK }) => sigmoidRouter(topK, { epsilon: 0 }),
    ({ config }) => {
      const alpha = numberOf(config, 'swiglu_alpha', 1.702);
      const inner: Inner = { kind: 'oai', alpha, limit: numberOf(config, 'swiglu_limit', 7) };
      const routedScale = numberOf(config, 'routed_scaling_factor', 2);
      return { inner, sharedInner: inner, sharedRequired: true, routedScale };
    },
  ),
  phimoe: plain('PhimoeSparseMoeBlock', ({ config, topK }) => {
    if (topK !== 2) throw new Unknown(`Sparse mixing is defined for two experts a token, not for ${topK}.`);
    return { kind: 'sparse-mixer', topK, jitter: numberOf(config, 'router_jitter_noise', 0.01) };
  }),
  deepseek_v2: plain('DeepseekV2Moe', ({ config, topK }) => deepSeek2Router(config, topK), shared),
  deepseek_v3: plain('DeepseekV3MoE', deepSeek({ groups: 8, keep: 4, scale: 2.5 }), shared),
  deepseek_v32: plain('DeepseekV32MoE', deepSeek({ groups: 8, keep: 4, scale: 2.5 }), shared),
  kimi_k2: plain('DeepseekV3MoE', deepSeek({ groups: 8, keep: 4, scale: 2.5 }), (facts) => ({
    ...shared(facts),
    note: 'Kimi K2 is computed as DeepSeek V3, whose code its repositories carry.',
  })),
  kimi_k25: plain('DeepseekV3MoE', deepSeek({ groups: 8, keep: 4, scale: 2.5 }), shared),
  kimi_linear: plain('KimiLinearMoE', deepSeek({ scale: 2.446 }), shared),
  deepseek_v4: plain(
    'DeepseekV4SparseMoeBlock',
    ({ config, topK, layer }) => {
      const types = config.mlp_layer_types;
      if (Array.isArray(types) && types[layer] === 'hash_moe')
        throw new Unknown('This layer chooses experts by token ids, not by hidden states.');
      return deepSeek4Router(config, topK);
    },
    (facts) => ({ inner: limited(facts), sharedInner: limited(facts), sharedRequired: true }),
  ),
  glm4_moe: plain('Glm4MoeMoE', deepSeek(), shared),
  glm4_moe_lite: plain('Glm4MoeLiteMoE', deepSeek({ scale: 1.8 }), shared),
  glm_moe_dsa: plain('GlmMoeDsaMoE', deepSeek({ scale: 2.5 }), shared),
  glm5_next: plain('Glm5NextTextMoE', deepSeek({ scale: 2.5 }), (facts) => ({
    inner: limited(facts),
    sharedInner: clamped(activationOf(facts.config), numberOf(facts.config, 'swiglu_limit', 10)),
    sharedRequired: true,
  })),
  dots1: plain('Dots1MoE', deepSeek({ normalise: false }), shared),
  solar_open: plain('SolarOpenMoE', deepSeek(), shared),
  axk1: plain('AXK1MoE', deepSeek({ groups: 8, keep: 4, scale: 2.5 }), (facts) => ({
    ...shared(facts),
    norms: 'after',
  })),
  axk2: plain('AXK2MoE', ({ config, topK }) => axk2Router(config, topK), shared),
  mimo_v2_flash: plain('MiMoV2FlashMoE', deepSeek()),
  exaone_moe: plain('ExaoneMoeSparseMoEBlock', deepSeek({ scale: 2.5 }), shared),
  olmoe: plain('OlmoeSparseMoeBlock', softmax(false)),
  flex_olmo: plain('FlexOlmoSparseMoeBlock', softmax(false)),
  hunyuan_v1_moe: plain('HunYuanMoEV1Moe', softmax('always'), shared),
  hy_v3: plain(
    'HYV3MoE',
    ({ config, topK }) =>
      sigmoidRouter(topK, { epsilon: 1e-20, scale: numberOf(config, 'router_scaling_factor', 2.826) }),
    shared,
  ),
  hy_v4: plain('HYV4MoE', deepSeek({ scale: 2.827 }), (facts) => ({ ...shared(facts), inner: limited(facts) })),
  ernie4_5_moe: plain(
    'Ernie4_5_MoeSparseMoeBlock',
    ({ config, topK }) => ernieRouter(config, topK),
    ({ config }) => ({
      sharedInner: gated(config),
      sharedRequired: numberOf(config, 'moe_num_shared_experts', 2) > 0,
    }),
  ),
  granitemoe: granite('GraniteMoeMoE'),
  granitemoeshared: granite('GraniteMoeSharedMoE', BESIDE),
  granitemoehybrid: granite('GraniteMoeHybridMoE', BESIDE),
  granitemoe_swa: granite('GraniteMoeSWAMoE', BESIDE),
  jamba: plain('JambaSparseMoeBlock', softmax('never')),
  lfm2_moe: plain(
    'Lfm2MoeSparseMoeBlock',
    ({ config, topK }) =>
      sigmoidRouter(topK, {
        epsilon: 1e-6,
        normalise: flagOf(config, 'norm_topk_prob', true),
        scale: numberOf(config, 'routed_scaling_factor', 1),
      }),
    ({ config }) => ({
      inner: { kind: 'gated', activation: 'silu' },
      corrected: flagOf(config, 'use_expert_bias', true),
    }),
  ),
  nemotron_h: plain('NemotronHMoE', deepSeek(), ({ config }) => {
    const inner: Inner = { kind: 'plain', activation: activationOf(config, 'mlp_hidden_act', 'relu2') };
    return { inner, sharedInner: inner, sharedRequired: true };
  }),
  afmoe: plain(
    'AfmoeSparseMoeBlock',
    ({ config, topK }) => sigmoidRouter(topK, { epsilon: 1e-20, scale: numberOf(config, 'route_scale', 1) }),
    shared,
  ),
  longcat_flash: plain(
    'LongcatFlashMoE',
    ({ config, topK }) => longcatRouter(config, topK),
    ({ config }) => ({
      zeroExperts: numberOf(config, 'zero_expert_num', 256),
    }),
  ),
  gpt_oss: plain(
    'GptOssMLP',
    ({ topK }) => topKThenSoftmax(topK),
    () => ({ inner: GPT_OSS }),
  ),
  llama4: plain(
    'Llama4TextMoe',
    ({ topK }) => llama4Router(topK),
    (facts) => ({ ...shared(facts), scaleInput: true }),
  ),
  aria: plain(
    'AriaTextMoELayer',
    ({ topK }) => topKThenSoftmax(topK),
    (facts) => ({
      ...shared(facts),
      inner: { kind: 'gated', activation: 'silu' },
    }),
  ),
  dbrx: plain(
    'DbrxFFN',
    ({ config, topK }) => dbrxRouter(config, topK),
    ({ config }) => ({
      inner: { kind: 'gated', activation: activationOf(config, 'ffn_config.ffn_act_fn.name') },
    }),
  ),
  jetmoe: plain(
    'JetMoeMoE',
    ({ topK }) => topKThenSoftmax(topK),
    ({ config }) => ({
      inner: gated(config, 'activation_function'),
    }),
  ),
  gemma4: plain('Gemma4TextRouter and Gemma4TextExperts', softmax('always'), ({ config }) => ({
    inner: { kind: 'gated', activation: activationOf(config, 'hidden_activation', 'gelu_pytorch_tanh') },
    norms: 'gemma',
    note: 'The dense MLP that runs beside the experts is not part of the block; the norms before and after the experts are.',
  })),
  step3p7: plain(
    'Step3p7SparseMoeBlock',
    ({ topK }) => sigmoidRouter(topK, { epsilon: 0 }),
    ({ config, layer }) => ({
      inner: clamped(activationOf(config), layerLimit(config, 'swiglu_limits', layer), 'after'),
      sharedInner: clamped(activationOf(config), layerLimit(config, 'swiglu_limits_shared', layer), 'after'),
      sharedRequired: true,
      routedScale: numberOf(config, 'moe_router_scaling_factor', 1),
    }),
  ),
  inkling_text: plain(
    'InklingMoE',
    ({ config, topK }) => ({
      kind: 'sharing',
      topK,
      shared: numberOf(config, 'n_shared_experts', 2),
      scale: numberOf(config, 'route_scale', 8),
    }),
    shared,
  ),
  mistral4: plain('Mistral4MoE', ({ config, topK }) => mistral4Router(config, topK), shared),
  openai_privacy_filter: plain(
    'OpenAIPrivacyFilterMLP',
    ({ topK }) => topKThenSoftmax(topK, 1 / topK),
    ({ topK }) => ({
      inner: GPT_OSS,
      routedScale: topK,
    }),
  ),
  cohere2_moe: plain(
    'Cohere2MoeSparseMoeBlock',
    ({ config, topK }) => cohereRouter(config, topK),
    ({ config }) => ({
      sharedInner: gated(config),
      sharedRequired: numberOf(config, 'num_shared_experts', 0) > 0,
      combine: combination(config),
    }),
  ),
  mellum: plain('MellumSparseMoeBlock', softmax(true)),
  laguna: plain(
    'LagunaSparseMoeBlock',
    ({ config, topK }) =>
      sigmoidRouter(topK, { epsilon: 0, softcap: numberOf(config, 'moe_router_logit_softcapping', 0) }),
    (facts) => ({ ...shared(facts), routedScale: numberOf(facts.config, 'moe_routed_scaling_factor', 1) }),
  ),
};

/** Model types whose block is another's. */
const SAME: Readonly<Record<string, string>> = {
  qwen3_5_moe_text: 'qwen3_5_moe',
  qwen3_vl_moe_text: 'qwen3_vl_moe',
  qwen3_omni_moe_thinker: 'qwen3_omni_moe',
  qwen3_omni_moe_text: 'qwen3_omni_moe',
  qwen3_omni_moe_talker_text: 'qwen3_omni_moe_talker',
  minimax_m3_vl_text: 'minimax_m3_vl',
  glm4v_moe: 'glm4_moe',
  glm4v_moe_text: 'glm4_moe',
  glm5_next_text: 'glm5_next',
  llama4_text: 'llama4',
  aria_text: 'aria',
  gemma4_text: 'gemma4',
  inkling_mm_model: 'inkling_text',
};

/** Known architectures whose block cannot be computed here, and why. */
/** Model types whose names and sizes are known, and whose modelling code was not read for what their blocks compute. */
const UNREAD = [
  'qwen4_exp',
  'qwen4_exp_text',
  'deepseek_ocr2_text',
  'deepseek_ocr2',
  'diffusion_gemma',
  'diffusion_gemma_text',
  'switch_transformers',
  'nllb-moe',
  'kimi_vl',
  'kimi_k3',
  'deepseek',
  'deepseek_vl_v2',
  'deepseek_ocr',
  'deepseek_v41',
  'deepseek_v41_text',
  'bailing2_5_moe',
  'bailing_hybrid',
  'bailing_moe_v3_vl',
  'llada2_moe',
  'nemotron_h_puzzle',
  'minimax_text_01',
  'minimax_m1',
  'step3_text',
  'step3_vl',
  'longcat_flash_ngram',
  'Klear',
  'grove_moe',
  'interns1',
  'interns1_text',
  'interns1_pro',
  'hunyuan',
  'smallthinker',
  'llama_moe',
  'phixtral',
  'arctic',
  'git',
  'mistral-params',
] as const;

const UNKNOWN: Readonly<Record<string, string>> = {
  ...Object.fromEntries(UNREAD.map((type) => [type, 'What it computes was not read in its modelling code.'])),
  zaya: 'Its router adds what the router of the layer before it made, so that one block alone does not tell its output.',
  ernie4_5_vl_moe: 'Experts for text and experts for images share one list, in two sizes.',
  ernie4_5_vl_moe_text: 'Experts for text and experts for images share one list, in two sizes.',
  bailing_moe: 'Its block is defined by code in its repositories alone, which was not checked.',
  bailing_moe_v2: 'Its block is defined by code in its repositories alone, which was not checked.',
  bailing_moe_linear: 'Its block is defined by code in its repositories alone, which was not checked.',
  step3p5: 'Its block is defined by code in its repositories alone, which was not checked.',
};

function combination(config: Config): BlockRules['combine'] {
  const word = wordOf(config, 'shared_expert_combination_strategy', 'average');
  if (word !== 'sum' && word !== 'average')
    throw new Unknown(`The shared_expert_combination_strategy ${word} is not known here.`);
  return word;
}

/** What the block of a layer computes, or why that is not known. Source: modelling code of transformers 5.17.0. */
export function blockRules(modelType: string | null, config: Config | null, group: LayerGroup): RulesAnswer {
  const type = modelType ?? '';
  const same = Object.hasOwn(SAME, type) ? (SAME[type] as string) : type;
  const own = same === 'qwen3_omni_moe' && group.prefix.startsWith('talker.') ? 'qwen3_omni_moe_talker' : same;
  const maker = Object.hasOwn(RULES, own) ? RULES[own] : undefined;
  if (!maker || !config) return { reason: reasonOf(modelType, config) };
  const topK = topKOf(config, group.index, group.prefix);
  if (topK === null || topK < 1) return { reason: 'The config does not say how many experts a token is sent to.' };
  const part = expertConfig(config, group.prefix);
  try {
    const made = maker({ config: part, layer: group.index ?? 0, topK });
    return { rules: { ...usual(part, made), ...made } };
  } catch (error) {
    if (error instanceof Unknown) return { reason: error.message };
    throw error;
  }
}

function reasonOf(modelType: string | null, config: Config | null): string {
  if (!config) return 'There is no config.json, which says how tokens are sent to experts.';
  if (modelType === null) return 'The config names no model_type, which says how tokens are sent to experts.';
  const known = Object.hasOwn(UNKNOWN, modelType) ? UNKNOWN[modelType] : undefined;
  return `The block of ${modelType} is not computed here. ${known ?? 'How it sends tokens to experts is not known.'}`;
}

function usual(config: Config, { inner }: Rules): Omit<BlockRules, 'source' | 'router'> {
  return {
    inner: inner ?? gated(config),
    sharedInner: null,
    sharedRequired: false,
    corrected: true,
    scaleInput: false,
    routedScale: 1,
    combine: 'sum',
    zeroExperts: 0,
    epsilon: numberOf(config, 'rms_norm_eps', 1e-6),
    norms: 'none',
    note: null,
  };
}

/** Model types whose block is computed here, for tests and documentation. */
export const COMPUTED: readonly string[] = [...Object.keys(RULES), ...Object.keys(SAME)];
export const NOT_COMPUTED: readonly string[] = Object.keys(UNKNOWN);

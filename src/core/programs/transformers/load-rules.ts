/** A renaming as transformers applies it: the first match of a regular expression, `\1` for its group. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/**
 * A conversion of expert tensors. Source patterns are transformers' own, `*.` for any segments.
 *
 * `stack`: one list, stacked. `stack-join`: two lists, each stacked, then joined on dim 1. `join`: two tensors joined on
 * dim 1. `turn`: the last two dims swapped unless the shape already fits. `same-shape`: values move, the shape stays.
 */
export interface Converter {
  readonly operation: 'stack' | 'stack-join' | 'join' | 'turn' | 'same-shape';
  readonly sources: readonly string[];
  readonly target: string;
}

/** How transformers 5 loads the experts of some model types. */
export interface LoadRules {
  readonly types: readonly string[];
  readonly renames: readonly Rename[];
  /** Renamings of the text-only class alone (`…ForCausalLM`). */
  readonly causalRenames: readonly Rename[];
  readonly converters: readonly Converter[];
  /** Unexpected names that are dropped without a word. */
  readonly ignored: readonly string[];
  /** Where a whole model's layers stand in memory, the first for the usual class; null where that is not known. */
  readonly stacks: readonly string[] | null;
  /** The prefix that may be added or taken away. */
  readonly base: string;
  /** True when the experts have biases. */
  readonly biased: boolean;
  /** Config key of experts without weights that the joined tensor has rows for all the same. */
  readonly emptyExperts: string | null;
  /** Config key of the number of layers where it is not the usual one. */
  readonly layerKey: string | null;
  /** True when a tiny checkpoint of each type was loaded by the real program. */
  readonly run: boolean;
}

const stack = (source: string, target: string): Converter => ({ operation: 'stack', sources: [source], target });
const stackJoin = (gate: string, up: string, target: string): Converter => ({
  operation: 'stack-join',
  sources: [gate, up],
  target,
});

/** Converters of experts stored apart as projections under a container. */
function projections(container: string): readonly Converter[] {
  const at = `${container}.experts`;
  return [
    stackJoin(`${at}.*.gate_proj.weight`, `${at}.*.up_proj.weight`, `${at}.gate_up_proj`),
    stack(`${at}.*.down_proj.weight`, `${at}.down_proj`),
  ];
}

/** Converters of experts stored apart as w1, w3, w2. */
function numbered(at: string, to: string): readonly Converter[] {
  return [
    stackJoin(`${at}.*.w1.weight`, `${at}.*.w3.weight`, `${to}.gate_up_proj`),
    stack(`${at}.*.w2.weight`, `${to}.down_proj`),
  ];
}

const QWEN = projections('mlp');
const W123 = numbered('\\.experts', '.experts');
const MIXTRAL: readonly Rename[] = [{ from: '\\.block_sparse_moe\\.', to: '.mlp.' }];
const VISION = ['model.language_model.layers'] as const;

type Row = Partial<Omit<LoadRules, 'types'>>;

function rules(types: string, row: Row = {}): LoadRules {
  return {
    types: types.split(' '),
    renames: [],
    causalRenames: [],
    converters: [],
    ignored: [],
    stacks: ['model.layers'],
    base: 'model',
    biased: false,
    emptyExperts: null,
    layerKey: null,
    run: true,
    ...row,
  };
}

/**
 * Rules of transformers 5.17.0 for expert tensors, one row for model types that share them.
 *
 * Source: conversion_mapping.py and each model's `_keys_to_ignore_on_load_unexpected`, read 2026-11-22. A type without
 * converters holds in memory what stands on disk. A converter of unquantised weights also carries block scales along,
 * for patterns are searched for, not matched whole.
 */
export const LOAD_RULES: readonly LoadRules[] = [
  rules('qwen3_moe qwen2_moe deepseek_v2 dots1 solar_open axk1 axk2 olmoe flex_olmo hunyuan_v1_moe afmoe cohere2_moe', {
    converters: QWEN,
  }),
  rules('mellum laguna', { converters: QWEN, run: false }),
  rules('qwen3_next', { converters: QWEN, ignored: ['^mtp.*'] }),
  rules('qwen3_5_moe_text', {
    converters: QWEN,
    ignored: ['^mtp.*'],
    causalRenames: [{ from: '^model\\.language_model\\.(.+)$', to: 'model.\\1' }],
  }),
  rules('qwen3_5_moe', {
    converters: QWEN,
    ignored: ['^mtp.*'],
    causalRenames: [{ from: '^model\\.language_model\\.(.+)$', to: 'model.\\1' }],
    stacks: ['model.language_model.layers', 'model.layers'],
  }),
  rules('qwen3_vl_moe', {
    converters: ['gate_up_proj', 'down_proj'].map((name) => ({
      operation: 'turn',
      sources: [`mlp.experts.${name}`],
      target: `mlp.experts.${name}`,
    })),
    stacks: VISION,
  }),
  rules('qwen3_vl_moe_text'),
  rules('openai_privacy_filter', { biased: true }),
  rules('qwen3_omni_moe qwen3_omni_moe_thinker', { converters: QWEN, stacks: null, run: false }),
  rules('mixtral minimax minimax_m2', { renames: MIXTRAL, converters: W123 }),
  rules('phimoe', { renames: [...MIXTRAL, { from: '\\.gate\\.weight', to: '.router.weight' }], converters: W123 }),
  rules('kimi_linear', { renames: MIXTRAL, converters: W123 }),
  rules('minimax_m3_vl', {
    renames: [{ from: '^language_model\\.model\\.', to: 'model.language_model.' }, ...MIXTRAL],
    converters: [
      ...W123,
      { operation: 'join', sources: ['\\.gate_proj.weight', '\\.up_proj.weight'], target: '.gate_up_proj.weight' },
    ],
    ignored: ['(^|\\.)mtp\\..*'],
    stacks: VISION,
    run: false,
  }),
  rules('deepseek_v3 deepseek_v32', { converters: QWEN, ignored: ['model\\.layers\\.61.*'] }),
  rules('kimi_k25', {
    renames: [
      { from: 'language_model.model', to: 'model.language_model' },
      { from: 'blocks', to: 'layers' },
    ],
    converters: QWEN,
    ignored: ['model\\.layers\\.61.*'],
    stacks: VISION,
  }),
  rules('deepseek_v4', {
    renames: [{ from: '\\.ffn\\.', to: '.mlp.' }],
    converters: W123,
    ignored: ['(^|\\.)mtp\\..*'],
  }),
  rules('glm4_moe', { converters: QWEN, ignored: ['model\\.layers\\.46.*', 'model\\.layers\\.92.*'] }),
  rules('glm4v_moe', {
    converters: QWEN,
    ignored: ['model\\.layers\\.46.*', 'model\\.layers\\.92.*'],
    stacks: VISION,
  }),
  rules('glm4_moe_lite', { converters: QWEN, ignored: ['model\\.layers\\.47.*'] }),
  rules('glm_moe_dsa', { converters: QWEN, ignored: ['model\\.layers\\.78.*'] }),
  rules('glm5_next', { converters: QWEN, ignored: ['layers\\.45\\.'], stacks: VISION, run: false }),
  rules('mimo_v2_flash', { converters: QWEN, ignored: ['^model\\.mtp\\.'] }),
  rules('exaone_moe', { converters: QWEN, ignored: ['mtp.*'] }),
  rules('hy_v3', { converters: QWEN, ignored: ['model\\.layers\\.80.*'] }),
  rules('ernie4_5_moe', { converters: QWEN, ignored: ['mtp'] }),
  rules('longcat_flash', {
    converters: QWEN,
    ignored: ['model\\.mtp.*'],
    emptyExperts: 'zero_expert_num',
    layerKey: 'num_layers',
  }),
  rules('granitemoe granitemoeshared granitemoehybrid', {
    renames: [
      { from: 'block_sparse_moe\\.input_linear\\.weight', to: 'block_sparse_moe.experts.gate_up_proj' },
      { from: 'block_sparse_moe\\.output_linear\\.weight', to: 'block_sparse_moe.experts.down_proj' },
    ],
  }),
  rules('granitemoe_swa zaya', { run: false }),
  rules('jamba', { converters: projections('feed_forward') }),
  rules('lfm2_moe', { converters: numbered('feed_forward.experts', 'feed_forward.experts'), run: false }),
  rules('nemotron_h', {
    renames: [{ from: 'backbone.', to: 'model.' }],
    converters: [
      stack('mixer.experts.*.up_proj.weight', 'mixer.experts.up_proj'),
      stack('mixer.experts.*.down_proj.weight', 'mixer.experts.down_proj'),
    ],
    ignored: ['mtp.*'],
  }),
  rules('gpt_oss', { biased: true }),
  rules('llama4_text llama4', { stacks: ['model.layers', 'language_model.model.layers'], base: 'language_model' }),
  rules('aria_text jetmoe mistral4'),
  rules('aria', {
    renames: [
      { from: '^language_model', to: 'model.language_model' },
      { from: '^model\\.language_model\\.model', to: 'model.language_model' },
    ],
    stacks: VISION,
  }),
  rules('dbrx', { stacks: ['transformer.blocks'], base: 'transformer', run: false }),
  rules('gemma4', { stacks: VISION, run: false }),
  rules('gemma4_text', { run: false }),
  rules('step3p7', {
    renames: [
      { from: '^model\\.layers\\.', to: 'model.language_model.layers.' },
      { from: '\\.moe\\.down_proj\\.weight$', to: '.mlp.experts.down_proj' },
      { from: '\\.moe\\.down_proj\\.weight_scale_inv$', to: '.mlp.experts.down_proj_scale_inv' },
    ],
    converters: [
      {
        operation: 'join',
        sources: ['moe.gate_proj.weight', 'moe.up_proj.weight'],
        target: 'mlp.experts.gate_up_proj',
      },
    ],
    stacks: VISION,
  }),
  rules('inkling_mm_model', {
    renames: [
      { from: 'model\\.llm\\.layers', to: 'model.language_model.layers' },
      { from: 'mlp.experts.w2_weight', to: 'mlp.experts.down_proj' },
    ],
    converters: [{ operation: 'same-shape', sources: ['mlp.experts.w13_weight'], target: 'mlp.experts.gate_up_proj' }],
    ignored: ['model\\.mtp\\..*'],
    stacks: VISION,
  }),
  rules('hy_v4', { renames: [{ from: '\\.linear_gate', to: '.gate_proj' }], ignored: ['model\\.mtp_layers\\..*'] }),
];

/** Model types of transformers 5.17.0 that can be without routed experts here; read 2026-11-22. */
export const DENSE_TYPES: ReadonlySet<string> = new Set(['doge', 'youtu']);

const BY_TYPE: ReadonlyMap<string, LoadRules> = new Map(
  LOAD_RULES.flatMap((row) => row.types.map((type) => [type, row] as const)),
);

/** The rules of a model type; undefined when it is not known here. */
export function loadRulesOf(modelType: string | null): LoadRules | undefined {
  return modelType === null ? undefined : BY_TYPE.get(modelType);
}

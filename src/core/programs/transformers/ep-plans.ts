import type { PlanEntry } from '../../ranks/types.ts';

/** What an entry of a plan does to the parameter or module that it names. Source: transformers 5.18, tensor_parallel.py. */
const PLAN_STYLES = {
  ep_router: 'Replicated; after it ran, scores of other ranks’ experts become 0 and indices are made local.',
  grouped_gemm: 'Sliced along dim 0: the rank keeps its block of experts.',
  moe_tp_experts: 'The outputs of all ranks’ experts are summed (all-reduce).',
  gather: 'The outputs of all ranks’ experts are summed (all-reduce).',
  colwise: 'Sliced along rows: outputs are divided.',
  rowwise: 'Sliced along columns: inputs are divided, outputs summed.',
  local_colwise: 'Sliced along rows: outputs are divided.',
  local_rowwise: 'Sliced along columns: inputs are divided, outputs summed.',
  all_reduce: 'The outputs of all ranks are summed (all-reduce).',
} as const;

export type PlanStyle = keyof typeof PLAN_STYLES;

/** An entry as a plan's text has it: a module below `layers.*.` and a style. */
export interface StyledEntry {
  readonly name: string;
  readonly style: PlanStyle;
}

/** Entries with what their styles mean. */
export function withMeanings(entries: readonly StyledEntry[]): PlanEntry[] {
  return entries.map(({ name, style }) => ({ name, style, meaning: PLAN_STYLES[style] }));
}

/** Model types whose config in transformers 5.18 has a `base_model_ep_plan`, by what their router is called. */
const PLANS_5: readonly (readonly [router: string, experts: string, types: readonly string[]])[] = [
  [
    'mlp.gate',
    'mlp.experts',
    [
      ...['axk1', 'axk2', 'cohere2_moe', 'deepseek_ocr2_text', 'deepseek_v2', 'deepseek_v3', 'deepseek_v32'],
      ...['deepseek_v4', 'dots1', 'ernie4_5_moe', 'ernie4_5_vl_moe_text', 'exaone_moe', 'flex_olmo', 'glm4_moe'],
      ...['glm4_moe_lite', 'glm4v_moe_text', 'glm5_next_text', 'glm_moe_dsa', 'hunyuan_v1_moe', 'hy_v3', 'hy_v4'],
      ...['inkling_text', 'kimi_linear', 'laguna', 'mellum', 'mimo_v2_flash', 'minimax', 'minimax_m2'],
      ...['minimax_m3_vl_text', 'mistral4', 'mixtral', 'olmoe', 'qwen2_moe', 'qwen3_5_moe_text', 'qwen3_moe'],
      ...['qwen3_next', 'qwen3_omni_moe_talker_text', 'qwen3_vl_moe_text', 'qwen4_exp_text', 'solar_open'],
      ...['step3p5', 'youtu', 'zaya'],
    ],
  ],
  ['mlp.router', 'mlp.experts', ['afmoe', 'gpt_oss', 'openai_privacy_filter', 'phimoe']],
  ['router', 'experts', ['diffusion_gemma_text', 'gemma4_text']],
  ['feed_forward.gate', 'feed_forward.experts', ['lfm2_moe']],
  ['feed_forward.router', 'feed_forward.experts', ['llama4_text']],
  ['block_sparse_moe.router', 'block_sparse_moe.experts', ['granitemoe_swa']],
];

/** What some plans list beside router and experts. */
const EXTRA_5: Readonly<Record<string, readonly StyledEntry[]>> = {
  llama4_text: [
    ...attentionEntries('colwise', 'rowwise'),
    { name: 'feed_forward.gate_proj', style: 'colwise' },
    { name: 'feed_forward.up_proj', style: 'colwise' },
    { name: 'feed_forward.down_proj', style: 'rowwise' },
  ],
  gemma4_text: mlp(),
  diffusion_gemma_text: mlp(),
  deepseek_v4: [
    { name: 'self_attn.compressor.indexer.q_b_proj', style: 'colwise' },
    { name: 'self_attn.compressor.indexer.scorer.weights_proj', style: 'colwise' },
    { name: 'self_attn.compressor.indexer.scorer', style: 'all_reduce' },
  ],
};

const BIASED = new Set(['gpt_oss', 'openai_privacy_filter']);

export function attentionEntries(column: PlanStyle, row: PlanStyle): StyledEntry[] {
  return [
    ...['q_proj', 'k_proj', 'v_proj'].map((name) => ({ name: `self_attn.${name}`, style: column })),
    { name: 'self_attn.o_proj', style: row },
  ];
}

function mlp(): StyledEntry[] {
  return [
    { name: 'mlp.gate_proj', style: 'colwise' },
    { name: 'mlp.up_proj', style: 'colwise' },
    { name: 'mlp.down_proj', style: 'rowwise' },
  ];
}

/** `base_model_ep_plan` of a model type in transformers 5.18, null where it has none. */
export function planOf5(modelType: string | null): readonly PlanEntry[] | null {
  const found = PLANS_5.find(([, , types]) => types.includes(modelType ?? '') || types.includes(`${modelType}_text`));
  if (!found || modelType === null) return null;
  const [router, experts] = found;
  const fused = ['gate_up_proj', 'down_proj'].flatMap((name) =>
    BIASED.has(modelType) ? [name, `${name}_bias`] : [name],
  );
  return withMeanings([
    { name: router, style: 'ep_router' },
    ...fused.map((name): StyledEntry => ({ name: `${experts}.${name}`, style: 'grouped_gemm' })),
    // Llama 4's plan has no entry for the module of its experts.
    ...(modelType.startsWith('llama4') ? [] : [{ name: experts, style: 'moe_tp_experts' } as const]),
    ...(EXTRA_5[modelType] ?? EXTRA_5[`${modelType}_text`] ?? []),
  ]);
}

/** Names of a plan's entries that divide rows (`column`) and columns (`row`) of dense tensors. */
export function denseEntries(entries: readonly PlanEntry[]): { readonly column: string[]; readonly row: string[] } {
  const of = (styles: readonly string[]) =>
    entries.filter((entry) => styles.includes(entry.style)).map((entry) => entry.name);
  return {
    column: of(['colwise', 'local_colwise'] satisfies PlanStyle[]),
    row: of(['rowwise', 'local_rowwise'] satisfies PlanStyle[]),
  };
}

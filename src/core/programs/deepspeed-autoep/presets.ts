/** Presets of AutoEP, in the order in which its error lists them: deepspeed/module_inject/auto_ep_presets at edaa7221. */
export const PRESETS = ['mixtral', 'qwen3_moe', 'qwen3_5_moe', 'deepseek_v2', 'deepseek_v3'] as const;

const BY_TYPE: Readonly<Record<string, (typeof PRESETS)[number]>> = {
  mixtral: 'mixtral',
  qwen3_moe: 'qwen3_moe',
  qwen2_moe: 'qwen3_moe',
  qwen3_5_moe_text: 'qwen3_5_moe',
  deepseek_v2: 'deepseek_v2',
  deepseek_v3: 'deepseek_v3',
};

/** The preset that AutoEP takes for a model type by itself; null where it has none. */
export function presetOf(modelType: string | null): (typeof PRESETS)[number] | null {
  return modelType !== null && Object.hasOwn(BY_TYPE, modelType) ? (BY_TYPE[modelType] ?? null) : null;
}

import type { ModelShape } from '../../ranks/memory/shape.ts';

/**
 * How PEFT turns targets that are named as transformers 4 named modules into parameters of transformers 5.
 *
 * peft 5d602fd (2026-08-21), src/peft/utils/transformers_weight_conversion.py: `_convert_peft_config_moe` runs on every new
 * adapter. Which model types share a conversion: transformers 5.17, `_MODEL_TO_CONVERSION_PATTERN`; qwen2_moe itself is no
 * key of it.
 */
export interface TargetConversion {
  readonly router: string;
  /** Both or neither: they become one parameter, at twice the rank. */
  readonly fused: readonly [string, string];
  readonly down: string;
}

const MIXTRAL: TargetConversion = { router: 'gate', fused: ['w1', 'w3'], down: 'w2' };
const QWEN2_MOE: TargetConversion = { router: 'gate', fused: ['gate_proj', 'up_proj'], down: 'down_proj' };

const MIXTRAL_TYPES: readonly string[] = ['mixtral', 'minimax', 'minimax_m2'];
const QWEN2_MOE_TYPES: readonly string[] = [
  'afmoe',
  'cohere2_moe',
  'deepseek_v2',
  'deepseek_v3',
  'deepseek_v32',
  'dots1',
  'ernie4_5_moe',
  'exaone_moe',
  'flex_olmo',
  'glm4_moe',
  'glm4_moe_lite',
  'glm4v_moe',
  'glm_moe_dsa',
  'hunyuan_v1_moe',
  'longcat_flash',
  'mellum',
  'olmoe',
  'qwen3_moe',
  'qwen3_next',
  'qwen3_omni_moe',
  'qwen3_omni_moe_thinker',
  'solar_open',
];

/** The conversion of a model's targets; null where PEFT takes them as they are. */
export function conversionOf({ modelType, experts }: ModelShape): TargetConversion | null {
  if (modelType === null || experts === 0) return null;
  if (MIXTRAL_TYPES.includes(modelType)) return MIXTRAL;
  return QWEN2_MOE_TYPES.includes(modelType) ? QWEN2_MOE : null;
}

/** The name that a target ends with, where PEFT converts it. */
export function convertedName(conversion: TargetConversion, target: string): string | null {
  const names = [conversion.router, ...conversion.fused, conversion.down];
  return names.find((name) => target === name || target.endsWith(`.${name}`)) ?? null;
}

/** PEFT's own words where one of two fused targets is missing; null where both or neither are there. */
export function halfFused({ fused }: TargetConversion, names: ReadonlySet<string>): string | null {
  const present = fused.filter((name) => names.has(name));
  const missing = fused.filter((name) => !names.has(name));
  return present.length === 0 || missing.length === 0
    ? null
    : `Cannot convert PEFT target(s) ${present.join(', ')} without also targeting ${missing.join(', ')} because they are fused into gate_up_proj.`;
}

import type { Adapters, LoraRules, LoraSetup } from '../../ranks/memory/lora.ts';
import { usualRegime } from '../../ranks/memory/regimes.ts';
import type { ModelShape } from '../../ranks/memory/shape.ts';
import type { PlacementError } from '../../ranks/types.ts';
import { ATTENTION, type ModuleForm, targetAdapters } from './targets.ts';

/** PEFT's own targets, of model types with experts: src/peft/utils/constants.py. Types that are not listed have none. */
const OWN_TARGETS: Readonly<Record<string, readonly string[]>> = {
  mixtral: ['q_proj', 'v_proj'],
  llama4: ['q_proj', 'v_proj'],
  llama: ['q_proj', 'v_proj'],
  mistral: ['q_proj', 'v_proj'],
  qwen2: ['q_proj', 'v_proj'],
  qwen3: ['q_proj', 'v_proj'],
  nemotron_h: ['q_proj', 'k_proj', 'v_proj', 'o_proj'],
};

const READ = {
  version: '5d602fd (2026-08-21)',
  source:
    'huggingface/peft, src/peft/tuners/lora/layer.py, src/peft/tuners/tuners_utils.py, src/peft/utils/constants.py',
  date: '2026-11-29',
};

/** Adapters in fp32 beside bf16 weights: `autocast_adapter_dtype`, PEFT's default. */
const FP32_ADAPTERS = usualRegime(
  16,
  'LoRA adapters in fp32, with gradients and moments in fp32 (PEFT’s autocast_adapter_dtype).',
);

/** The same where training in pure bf16 is usual: adapters are bf16 with `autocast_adapter_dtype=False`. */
const BF16_ADAPTERS = usualRegime(
  16,
  'LoRA adapters in fp32, with gradients and moments in fp32 (PEFT’s autocast_adapter_dtype), or all of it in bf16.',
  8,
);

/** PEFT on transformers 5, where routed experts are stacked parameters and the router is no linear module. */
export const peftLora: LoraRules = {
  ...READ,
  usual: FP32_ADAPTERS,
  adapters: (shape, lora) => adaptersOf(shape, lora, { experts: 'fused', router: 'parameter', converts: true }),
};

/** PEFT on transformers 5 that no trainer raises to fp32. */
export const peftLoraBf16: LoraRules = { ...peftLora, usual: BF16_ADAPTERS };

const FUSED_BEFORE: readonly (string | null)[] = ['gpt_oss', 'llama4', 'llama4_text'];

/** PEFT on transformers 4.57, where routed experts are linear modules, but for the fork's Qwen3-MoE and types that are fused. */
export const peftLora457: LoraRules = {
  ...READ,
  usual: FP32_ADAPTERS,
  adapters: (shape, lora) => adaptersOf(shape, lora, formBefore(shape.modelType)),
};

function formBefore(modelType: string | null): ModuleForm {
  const isFused = FUSED_BEFORE.includes(modelType);
  const experts = isFused ? 'fused' : modelType === 'qwen3_moe' ? 'stacked' : 'linear';
  return { experts, router: isFused ? 'parameter' : 'linear', converts: false };
}

const STACKED =
  'Adapters of stacked experts are sharded with their experts. PEFT accepts them only with lora_dropout 0, and adds the adapters to the weights in every forward pass.';

function adaptersOf(shape: ModelShape, { rank, targets }: LoraSetup, form: ModuleForm): Adapters | PlacementError {
  const own = OWN_TARGETS[shape.modelType ?? ''];
  const wanted = targets ?? own ?? [ATTENTION];
  const found = targetAdapters(shape, form, rank, wanted);
  if ('error' in found) return found;
  const names = [...new Set(found.adapters.map(({ path }) => path.split('.').at(-1) ?? path))];
  const usual = own
    ? `LoRA targets: ${own.join(', ')}, PEFT’s defaults for ${shape.modelType}.`
    : `LoRA targets: ${names.join(', ')}, all modules of attention. PEFT has no default targets for ${shape.modelType ?? 'this model'}.`;
  const stacked = found.adapters.some(({ part, merges }) => merges && part === 'routed') ? [STACKED] : [];
  return {
    rank,
    targets: wanted,
    matrices: found.adapters,
    said: [...(targets ? [] : [usual]), ...found.said, ...stacked],
  };
}

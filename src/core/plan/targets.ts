import type { Target } from './types.ts';

/** Every conversion target, with one line on who wants it. */
export const TARGETS: Readonly<Record<Target, string>> = {
  'per-expert':
    'One matrix per expert and projection: vLLM, SGLang, llama.cpp, MLX and Megatron converters, transformers 4.',
  stacked:
    'One tensor per projection, no .weight: VeOmni, and the transformers 4.57 fork of the fused model card (expert parallelism by slicing dim 0).',
  'gate-up': 'Gate and up in one tensor, gate rows first: what transformers 5 holds in memory.',
  'gate-up-transposed': 'Gate and up in one tensor, [experts, in, out]: Llama 4 and the Qwen3-VL files.',
  'gate-up-interleaved': 'Gate and up alternating: gpt-oss and Inkling files.',
  'switch-mlp': 'Stacked under switch_mlp: mlx-lm and LM Studio.',
  'qwen3-moe-fused': 'Stacked without an experts segment: the transformers-qwen3-moe-fused package.',
};

export function isTarget(text: string): text is Target {
  return Object.hasOwn(TARGETS, text);
}

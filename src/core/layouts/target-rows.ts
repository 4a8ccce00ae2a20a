import type { TargetLayout } from './types.ts';

/** Whose spelling a name is to have: the Hub's files' or that of transformers 5 in memory. */
export type Spelling = 'disk' | 'memory';

/** What a conversion target represents, beside the dialect that an architecture gives it. */
export interface TargetRow {
  /** What it is and who wants it, in one line. */
  readonly title: string;
  /** Whose names the other tensors get; null where they keep theirs. */
  readonly spelling: Spelling | null;
  /** Parts beside weight and bias that a program is known to read in it: all, those named, or none. */
  readonly reads: 'all' | readonly string[];
  /** Where nothing else may be written: who would not load it. */
  readonly refuses: string | null;
  /** Replaced in the class names of config.json. */
  readonly classes: readonly [from: string, to: string] | null;
}

/** Every conversion target. */
export const TARGET_ROWS: Readonly<Record<TargetLayout, TargetRow>> = {
  'per-expert': {
    title:
      'One matrix per expert and projection: vLLM, SGLang, llama.cpp, MLX and Megatron converters, transformers 4.',
    spelling: 'disk',
    reads: 'all',
    refuses: null,
    classes: null,
  },
  stacked: {
    title:
      'One tensor per projection, no .weight: VeOmni, and the transformers 4.57 fork of the fused model card (expert parallelism by slicing dim 0).',
    spelling: null,
    reads: [],
    refuses: null,
    classes: null,
  },
  'gate-up': {
    title: 'Gate and up in one tensor, gate rows first: what transformers 5 holds in memory.',
    spelling: 'memory',
    // transformers 5.17, integrations/finegrained_fp8.py: FP8Experts has gate_up_proj_scale_inv and down_proj_scale_inv
    reads: ['weight_scale_inv', 'activation_scale'],
    refuses: null,
    classes: null,
  },
  'gate-up-transposed': {
    title: 'Gate and up in one tensor, [experts, in, out]: Llama 4 and the Qwen3-VL files.',
    spelling: 'disk',
    reads: [],
    refuses: null,
    classes: null,
  },
  'gate-up-interleaved': {
    title: 'Gate and up alternating: gpt-oss and Inkling files.',
    spelling: null,
    reads: ['blocks', 'scales'],
    refuses: null,
    classes: null,
  },
  'switch-mlp': {
    title: 'Stacked under switch_mlp: mlx-lm and LM Studio.',
    spelling: 'disk',
    reads: ['scales', 'biases'],
    refuses: 'MLX does not load it',
    classes: null,
  },
  'qwen3-moe-fused': {
    title: 'Stacked without an experts segment: the transformers-qwen3-moe-fused package.',
    spelling: null,
    reads: [],
    refuses: 'transformers-qwen3-moe-fused does not load it',
    classes: ['Qwen3Moe', 'Qwen3MoeFused'],
  },
};

/** What to say where a target is written with parts that no program is known to read in it; null where there are none. */
export function unreadNote(target: TargetLayout, parts: readonly string[]): string | null {
  const { reads } = TARGET_ROWS[target];
  if (reads === 'all') return null;
  const known = new Set(['weight', 'bias', ...reads]);
  const others = [...new Set(parts)].filter((part) => !known.has(part));
  if (others.length === 0) return null;
  return `No known program reads quantised experts (${others.join(', ')}) in this layout. Choose the target per-expert, or unpack the weights first: --dtype bf16 unpacks FP8 and MXFP4.`;
}

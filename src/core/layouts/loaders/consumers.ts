import type { TargetLayout } from '../types.ts';
import type { ConsumerId, Evidence, EvidenceKind, Verdict } from './types.ts';

/**
 * What is known of one consumer and some layouts. The first claim that fits a layer group decides for it.
 *
 * `layouts`: ids as `family/dialect`, `family`, `hub` (what the model type's files on the Hub have) or `*`. `types`:
 * model types, `apart` for those whose files on the Hub hold one matrix per expert, or `*`.
 */
export interface Claim {
  readonly layouts: readonly string[];
  readonly types: readonly string[];
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  readonly needs?: readonly string[];
  /** Holds only where the model's first layer has no experts. */
  readonly when?: 'first-layer-dense';
  /** True when it holds for quantised experts too. */
  readonly quantised?: boolean;
}

/** How a program reads the number of experts where transformers 4 and 5 spell its key otherwise. */
export type CountReading = 'either' | 'v4-or-default' | 'v4-required';

export interface Consumer {
  readonly id: ConsumerId;
  readonly version: string;
  /** Conversions that may cure it, the best first. */
  readonly cures: readonly TargetLayout[];
  readonly claims: readonly Claim[];
  /**
   * The layout whose names its model has, for model types where these are compared one by one.
   *
   * `layout`: `family/dialect`, `mlx` for the one that MLX has for the model type, `runtime` for a serving engine's own
   * w13 and w2. `absent`: what becomes of layers whose experts are not there at all.
   */
  readonly holds: { readonly layout: string; readonly types: readonly string[]; readonly absent: Verdict } | null;
  readonly count: CountReading;
}

const FACTS = '2026-11-22';
const AUGUST = '2026-08';

function from(kind: EvidenceKind, source: string, date: string): Evidence {
  return { kind, source, date };
}

const APART = ['apart'] as const;
const QWEN = ['qwen2_moe', 'qwen3_moe', 'qwen3_next', 'qwen3_5_moe', 'qwen3_5_moe_text'] as const;
const QWEN35 = ['qwen3_5_moe', 'qwen3_5_moe_text'] as const;
const QWEN3 = ['qwen3_moe'] as const;
const OTHERS = ['*'] as const;
/** Model types that mlx-lm has; facts on its source, and its folder of models, read 2026-11-22. */
const MLX_TYPES =
  `qwen3_moe qwen2_moe qwen3_next qwen3_5_moe qwen3_vl_moe mixtral minimax phimoe deepseek_v2 deepseek_v3
  deepseek_v32 glm4_moe glm4_moe_lite glm4v_moe dots1 exaone_moe olmoe hy_v3 ernie4_5_moe granitemoe granitemoehybrid jamba
  kimi_linear lfm2_moe longcat_flash nemotron_h afmoe bailing_moe bailing_moe_linear gpt_oss llama4 llama4_text
  cohere2_moe`.split(/\s+/);

const CARD = from('reported', "the fused checkpoint's model card and its author's worklog", '2026-04');
const MERGE = from('source', 'VeOmni, moe_merge.py: the names that it writes', FACTS);
const GGUF = from('source', 'llama.cpp, conversion/qwen.py', FACTS);
const BRIDGE = from('source', 'Megatron-Bridge 067f987df', AUGUST);
const TITAN = from('source', 'torchtitan b5bcd76c6', AUGUST);
const MLX = from('source', 'mlx-lm d78bf58e, each model’s sanitize()', AUGUST);
const FUSED = from('source', 'woct0rdho/transformers-qwen3-moe-fused, its class and README', '2025-07');

/** Programs that are judged by claims. Adding one: docs/add-a-consumer.md. */
export const CONSUMERS: readonly Consumer[] = [
  {
    id: 'fork-qwen3-moe-ep',
    version: '4.57.6, branch qwen3-moe-ep',
    cures: ['stacked'],
    holds: { layout: 'stacked/plain', types: QWEN3, absent: 'partial' },
    count: 'v4-or-default',
    claims: [
      { layouts: ['stacked/plain'], types: QWEN3, verdict: 'loads', evidence: CARD },
      {
        layouts: OTHERS,
        types: QWEN3,
        verdict: 'partial',
        evidence: CARD,
        needs: ['A look at the loss: on random experts it starts at 8.0 where 1.6 is right, without an exception.'],
      },
    ],
  },
  {
    id: 'veomni',
    version: '4.x recipes, before VeOmni#813',
    cures: ['stacked'],
    holds: { layout: 'stacked/plain', types: QWEN3, absent: 'partial' },
    count: 'v4-or-default',
    claims: [
      { layouts: ['stacked/plain'], types: QWEN3, verdict: 'loads', evidence: MERGE },
      {
        layouts: ['per-expert'],
        types: QWEN3,
        verdict: 'partial',
        evidence: from('reported', 'VeOmni#67: a training loss of 17 on random experts', FACTS),
        needs: ['The merge step, or a version since VeOmni#813, which did away with it.'],
      },
      {
        layouts: OTHERS,
        types: QWEN3,
        verdict: 'partial',
        evidence: MERGE,
        needs: ['Care with square matrices: VeOmni#1152 reports that they are transposed without a word.'],
      },
    ],
  },
  {
    id: 'vllm',
    version: 'main, 2026',
    cures: ['per-expert'],
    holds: { layout: 'runtime', types: QWEN3, absent: 'unknown' },
    count: 'either',
    claims: [
      {
        layouts: ['per-expert/projections', 'per-expert/w123'],
        types: APART,
        verdict: 'loads',
        quantised: true,
        evidence: from(
          'source',
          'vLLM, FusedMoE.make_expert_params_mapping: one name per expert and projection',
          FACTS,
        ),
      },
      {
        layouts: ['gate-up/plain'],
        types: QWEN3,
        verdict: 'refuses',
        evidence: from('reported', 'vllm#42577: the native Qwen3-MoE loader does not know these names', FACTS),
        needs: [
          '`--model-impl transformers`: that backend takes them (vllm#36997). Of newer native loaders nothing is known.',
        ],
      },
      {
        layouts: OTHERS,
        types: QWEN3,
        verdict: 'refuses',
        evidence: from(
          'source',
          'vLLM 002456df, qwen3_moe.py, load_weights: a name that no parameter has is a KeyError',
          FACTS,
        ),
      },
      {
        layouts: ['gate-up/plain'],
        types: QWEN35,
        verdict: 'loads',
        evidence: from('source', 'vLLM, FusedMoE loader: stacked tensors are cut in two on dim 1, then unbound', FACTS),
      },
      {
        layouts: ['gate-up-transposed/plain'],
        types: ['llama4', 'llama4_text', 'qwen3_vl_moe', 'qwen3_vl_moe_text'],
        verdict: 'loads',
        evidence: from('reported', 'vllm#50727: the orientation is a flag of the model', FACTS),
        needs: ['A version with vllm#50727; before it the orientation was guessed from shapes (vllm#50137).'],
      },
      {
        layouts: ['gate-up-interleaved/gpt-oss'],
        types: ['gpt_oss'],
        verdict: 'refuses',
        evidence: from('reported', 'vllm#45830: a KeyError for gpt-oss in bf16', FACTS),
      },
      {
        layouts: ['gate-up-transposed/fc12'],
        types: ['aria', 'aria_text'],
        verdict: 'refuses',
        evidence: from('reported', 'vllm#57495: the suffix .weight', FACTS),
      },
    ],
  },
  {
    id: 'sglang',
    version: 'main, 2026',
    cures: ['per-expert'],
    holds: { layout: 'runtime', types: QWEN3, absent: 'unknown' },
    count: 'either',
    claims: [
      {
        layouts: ['per-expert/projections', 'per-expert/w123'],
        types: APART,
        verdict: 'loads',
        quantised: true,
        evidence: from(
          'source',
          'SGLang, FusedMoE.make_expert_params_mapping: one name per expert and projection',
          FACTS,
        ),
      },
      {
        layouts: OTHERS,
        types: QWEN3,
        verdict: 'partial',
        evidence: from('source', 'SGLang 008af3a6, qwen3_moe.py, load_weights: unknown names are passed over', FACTS),
        needs: ['A look at the output: the experts keep what memory held, without an exception.'],
      },
    ],
  },
  {
    id: 'llama.cpp',
    version: 'convert_hf_to_gguf, 2026',
    cures: ['per-expert', 'gate-up'],
    holds: null,
    count: 'either',
    claims: [
      {
        layouts: ['per-expert/projections', 'per-expert/w123'],
        types: APART,
        verdict: 'loads-converting',
        evidence: from('source', 'llama.cpp, conversion/*.py: experts are stacked in numeric order', FACTS),
      },
      { layouts: ['gate-up/plain', 'gate-up/weight'], types: QWEN, verdict: 'loads-converting', evidence: GGUF },
      {
        layouts: ['stacked/plain', 'stacked/weight'],
        types: QWEN,
        verdict: 'refuses',
        evidence: GGUF,
        needs: ['Names that it collects: it waits for 3·E tensors and ends with unprocessed experts.'],
      },
      {
        layouts: ['stacked/bare'],
        types: QWEN,
        verdict: 'partial',
        evidence: GGUF,
        needs: ['Names with an experts segment: without it they are taken for a dense MLP, perhaps without an error.'],
      },
      {
        layouts: ['stacked/switch-mlp'],
        types: OTHERS,
        verdict: 'refuses',
        evidence: from('reported', 'llama.cpp#24502: MLX files cannot be made into GGUF', FACTS),
      },
      {
        layouts: ['gate-up-interleaved/gpt-oss-mxfp4'],
        types: ['gpt_oss'],
        verdict: 'loads-converting',
        quantised: true,
        evidence: from('source', 'llama.cpp, conversion/gpt_oss.py: blocks are repacked', FACTS),
      },
    ],
  },
  {
    id: 'mlx',
    version: 'mlx-lm, August 2026',
    cures: ['switch-mlp', 'per-expert'],
    holds: { layout: 'mlx', types: MLX_TYPES, absent: 'refuses' },
    count: 'v4-required',
    claims: [
      { layouts: ['mlx'], types: MLX_TYPES, verdict: 'loads', quantised: true, evidence: MLX },
      {
        layouts: ['per-expert', 'gate-up/plain'],
        types: QWEN35,
        verdict: 'loads-converting',
        evidence: from('source', 'mlx-lm 48aab6cd, qwen3_5_moe.py, _normalize_experts', FACTS),
      },
      {
        layouts: ['per-expert'],
        types: QWEN3,
        when: 'first-layer-dense',
        verdict: 'refuses',
        evidence: from(
          'source',
          'mlx-lm 0161813f, qwen3_moe.py, sanitize: only layer 0 is looked at for experts',
          FACTS,
        ),
      },
      { layouts: ['hub'], types: MLX_TYPES, verdict: 'loads-converting', evidence: MLX },
      {
        layouts: OTHERS,
        types: MLX_TYPES,
        verdict: 'refuses',
        evidence: from(
          'source',
          'mlx-lm, utils.py, load_model: strict by default, so a name that does not fit is an error',
          FACTS,
        ),
      },
    ],
  },
  {
    id: 'megatron-bridge',
    version: '067f987df',
    cures: ['per-expert'],
    holds: null,
    count: 'either',
    claims: [
      {
        layouts: ['per-expert/projections', 'per-expert/w123'],
        types: APART,
        verdict: 'loads-converting',
        evidence: BRIDGE,
      },
      { layouts: ['hub'], types: ['gpt_oss'], verdict: 'loads-converting', evidence: BRIDGE },
      {
        layouts: ['gate-up/plain'],
        types: QWEN35,
        verdict: 'loads-converting',
        evidence: from('reported', 'Megatron-Bridge#4329', FACTS),
        needs: ['Its own way with multi-token prediction, which some repos store apart and some stacked.'],
      },
    ],
  },
  {
    id: 'torchtitan',
    version: 'b5bcd76c6',
    cures: ['per-expert'],
    holds: null,
    count: 'either',
    claims: [
      {
        layouts: ['per-expert/projections'],
        types: ['qwen3_moe', 'deepseek_v3'],
        verdict: 'loads-converting',
        evidence: TITAN,
        needs: ['Its state dict adapter; it trains from its own distributed checkpoints.'],
      },
      {
        layouts: ['gate-up/plain'],
        types: QWEN35,
        verdict: 'loads-converting',
        evidence: from('reported', 'torchtitan#4373: the orientation was wrong before it', FACTS),
        needs: ['A version with torchtitan#4373.'],
      },
    ],
  },
  {
    id: 'qwen3-moe-fused',
    version: 'on transformers 4.x',
    cures: ['qwen3-moe-fused'],
    holds: { layout: 'stacked/bare', types: QWEN3, absent: 'partial' },
    count: 'v4-or-default',
    claims: [
      {
        layouts: ['stacked/bare'],
        types: QWEN3,
        verdict: 'loads',
        evidence: FUSED,
        needs: ['Its class Qwen3MoeFusedForCausalLM, in code and under `architectures`.'],
      },
      { layouts: OTHERS, types: QWEN3, verdict: 'partial', evidence: FUSED },
      {
        layouts: OTHERS,
        types: OTHERS,
        verdict: 'refuses',
        evidence: FUSED,
        needs: ['A checkpoint of qwen3_moe; it knows no other model type.'],
      },
    ],
  },
];

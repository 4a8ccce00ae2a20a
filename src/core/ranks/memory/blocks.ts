import type { Part } from './shape.ts';

/** Tensors of one shape: `columns` 0 for a vector. */
export interface Block {
  readonly name: string;
  readonly part: Part;
  readonly rows: number;
  readonly columns: number;
  readonly copies: number;
}

/** What of an architecture a config does not say. Source: the modelling code of transformers 5.17, one class a model type. */
export interface Traits {
  /** Norms of queries and keys: of each head's width, of all heads together, or none. */
  readonly headNorm: 'head' | 'all' | 'none';
  readonly qkvBias: boolean;
  readonly outputBias: boolean;
  /** One number a head that joins the scores (gpt-oss). */
  readonly sinks: boolean;
  readonly routerBias: boolean;
  /** `e_score_correction_bias`: one number an expert. */
  readonly correctionBias: boolean;
  readonly expertBias: boolean;
  /** A gate [1, H] on the output of the shared expert (Qwen2-MoE). */
  readonly sharedGate: boolean;
  readonly layerNorms: number;
}

const PLAIN: Traits = {
  headNorm: 'none',
  qkvBias: false,
  outputBias: false,
  sinks: false,
  routerBias: false,
  correctionBias: false,
  expertBias: false,
  sharedGate: false,
  layerNorms: 2,
};

const KNOWN: Readonly<Record<string, Partial<Traits>>> = {
  llama: {},
  mistral: {},
  mixtral: {},
  minimax: {},
  granitemoe: {},
  granitemoeshared: {},
  aria_text: {},
  mistral4: {},
  youtu: {},
  solar_open: { correctionBias: true },
  ernie4_5_moe: { correctionBias: true },
  exaone_moe: { headNorm: 'head', correctionBias: true },
  qwen3_vl_moe_text: { headNorm: 'head' },
  glm4_moe_lite: { correctionBias: true },
  minimax_m2: { headNorm: 'all', correctionBias: true },
  qwen2: { qkvBias: true },
  qwen2_moe: { qkvBias: true, sharedGate: true },
  qwen3: { headNorm: 'head' },
  qwen3_moe: { headNorm: 'head' },
  olmoe: { headNorm: 'all' },
  flex_olmo: { headNorm: 'all' },
  deepseek_v2: {},
  deepseek_v3: { correctionBias: true },
  kimi_k2: { correctionBias: true },
  dots1: { headNorm: 'head', correctionBias: true },
  glm4_moe: { qkvBias: true, correctionBias: true },
  gpt_oss: { qkvBias: true, outputBias: true, sinks: true, routerBias: true, expertBias: true },
};

/** The traits of a model type, and whether they are known or Llama's were taken. */
export function traitsOf(modelType: string | null): { readonly traits: Traits; readonly known: boolean } {
  const own = modelType !== null && Object.hasOwn(KNOWN, modelType) ? KNOWN[modelType] : undefined;
  return { traits: { ...PLAIN, ...own }, known: own !== undefined };
}

/** Parameters of blocks, all or of one part. */
export function countBlocks(blocks: readonly Block[], part?: Part): number {
  return blocks.reduce((sum, block) => {
    if (part !== undefined && block.part !== part) return sum;
    return sum + block.rows * Math.max(block.columns, 1) * block.copies;
  }, 0);
}

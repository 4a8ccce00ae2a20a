import type { Config } from '../../layouts/config-keys.ts';

/** What a parameter belongs to. Names as in the vocabulary: `router` is never a gate. */
export const PARTS = [
  'routed',
  'router',
  'shared',
  'mlp',
  'attention',
  'norm',
  'embedding',
  'head',
  'prediction',
  'other',
] as const;
export type Part = (typeof PARTS)[number];

/** Numbers of parameters; `prediction` (multi-token prediction) is left out of every total unless said. */
export type Parameters = Readonly<Record<Part, number>>;

/** Weight matrices of one name and shape: `[out, in]`, as PyTorch's linear layers have them. */
export interface Matrix {
  /** The module's name below its layer: `self_attn.q_proj`; the whole name outside layers. */
  readonly path: string;
  readonly part: Part;
  readonly out: number;
  readonly in: number;
  readonly copies: number;
}

/** Keys and values that one token leaves in the cache, and where they are cut. */
export interface CacheShape {
  /** Numbers of one token and layer. */
  readonly elements: number;
  /** Layers whose cache grows with the context, and layers whose cache ends at `window` tokens. */
  readonly layers: number;
  readonly windowLayers: number;
  readonly window: number;
  /** Ranks of tensor parallelism beyond this many hold copies; 1 where the cache is not cut (MLA). */
  readonly cuts: number;
}

/** Numbers of a model that memory is worked out from; the same from headers and from a config alone. */
export interface ModelShape {
  readonly modelType: string | null;
  readonly className: string | null;
  readonly layers: number;
  /** Decoder layers with routed experts, and how many they are. */
  readonly sparseLayers: readonly number[];
  readonly moeLayers: number;
  /** Routed experts of a layer, 0 in a dense model; of the first where layers differ. */
  readonly experts: number;
  /** Of each of `sparseLayers`, only where they differ. */
  readonly expertsByLayer?: readonly number[];
  /** What of the model is not in the files, in sentences; absent where all of it is. */
  readonly missing?: string;
  /** Where layers have other numbers of experts than the config says, in sentences. */
  readonly contradictions?: readonly string[];
  readonly topK: number;
  readonly hidden: number;
  /** Of one routed expert, of all shared experts of a layer together, and of a dense layer's MLP; 0 where there is none. */
  readonly intermediate: number;
  readonly sharedIntermediate: number;
  readonly denseIntermediate: number;
  readonly vocabulary: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Numbers that attention computes for one token and tensor parallelism cuts: queries, keys, values and its output. */
  readonly attentionWidth: number;
  /** What multi-head latent attention has beside them, whole on each tensor-parallel rank; zeros for the usual kind. */
  readonly latent: {
    /** Numbers of one token: compressed queries, compressed keys and values with the rotary key. */
    readonly width: number;
    /** Of `parameters.attention`: the projections to them. */
    readonly parameters: number;
  };
  /** Multiply–adds of one query and one key, all heads: scores and weighted values. */
  readonly attentionScore: number;
  readonly expertGroups: number | null;
  readonly parameters: Parameters;
  /** Every weight matrix of the main model, each projection of each routed expert by itself. */
  readonly matrices: readonly Matrix[];
  /** Parameters of the norm after the last layer; `parameters.norm` counts them. */
  readonly finalNorm: number;
  readonly cache: CacheShape;
  /** Bytes of the weights as stored, of routed experts and of the rest. */
  readonly stored: { readonly routed: number; readonly rest: number };
  /** What the config left open and was taken from the architecture's usual form. */
  readonly assumed: readonly string[];
  readonly config: Config | null;
}

/** Every parameter that a framework loads by itself: all but multi-token prediction. */
export function totalParameters({ parameters }: Pick<ModelShape, 'parameters'>): number {
  return PARTS.reduce((sum, part) => sum + (part === 'prediction' ? 0 : parameters[part]), 0);
}

/** What is not a routed expert. */
export function denseParameters(shape: Pick<ModelShape, 'parameters'>): number {
  return totalParameters(shape) - shape.parameters.routed;
}

/** Parameters that one token passes through, in the three conventions that model cards use. */
export interface ActiveParameters {
  readonly all: number;
  readonly withoutInputEmbedding: number;
  readonly withoutEmbeddings: number;
}

export function activeParameters(shape: ModelShape): ActiveParameters {
  const { parameters, experts, topK } = shape;
  const routed = experts === 0 ? 0 : Math.round((parameters.routed * topK) / experts);
  const all = denseParameters(shape) + routed;
  // A tied embedding is the head as well: it is used.
  const input = parameters.head === 0 ? 0 : parameters.embedding;
  return {
    all,
    withoutInputEmbedding: all - input,
    withoutEmbeddings: all - parameters.embedding - parameters.head,
  };
}

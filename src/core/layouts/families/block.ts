/** An elementwise function, under the name that configs give it. */
export type Activation = 'silu' | 'gelu' | 'gelu-tanh' | 'quick-gelu' | 'relu' | 'relu2';

/**
 * What stands between an expert's projections.
 *
 * `plain`: activation(up), no gate. `gated`: activation(gate) × up. `clamped`: gate and up cut off at `limit` before the
 * activation (`before`), or the activated gate and up after it. `oai`: (up + 1) × gate × sigmoid(alpha × gate), cut off
 * before, as gpt-oss has it.
 */
export type Inner =
  | { readonly kind: 'plain'; readonly activation: Activation }
  | { readonly kind: 'gated'; readonly activation: Activation }
  | {
      readonly kind: 'clamped';
      readonly activation: Activation;
      readonly limit: number;
      readonly when: 'before' | 'after';
    }
  | { readonly kind: 'oai'; readonly alpha: number; readonly limit: number };

/** How the weights of the chosen experts are made to add up. */
export type Normalisation =
  /** Divided by their sum, which counts as at least `floor`, plus `epsilon`. */
  | { readonly kind: 'sum'; readonly epsilon: number; readonly floor: number }
  /** Divided by their p-norm. */
  | { readonly kind: 'norm'; readonly p: number };

/** Experts are chosen within the best `keep` of `count` equal groups. */
export interface Groups {
  readonly count: number;
  readonly keep: number;
  /** A group's score: its best expert's, or its two best ones' together. */
  readonly by: 'best' | 'best-two';
  /** The score that experts of other groups get for the choice. */
  readonly others: 'zero' | 'minus-infinity';
}

/** A router: scores for every expert, a choice of `topK`, a weight for each chosen one. */
export interface ScoringRouter {
  readonly kind: 'scoring';
  readonly topK: number;
  /** Logits pass through softcap × tanh(logits / softcap) first; 0 for none. */
  readonly softcap: number;
  /** `logits`: the choice is made on logits as they are. */
  readonly scores: 'softmax' | 'sigmoid' | 'sqrt-softplus' | 'logits';
  readonly groups: Groups | null;
  /**
   * What the weights are before they are normalised and scaled: the scores of the chosen experts (never with the
   * correction), those scores as the groups left them, or a softmax or sigmoid over the chosen logits alone.
   */
  readonly weights: 'scores' | 'grouped-scores' | 'softmax-of-chosen' | 'sigmoid-of-chosen';
  readonly normalise: Normalisation | null;
  readonly scale: number;
}

/** Phi-3.5-MoE's: two experts one after the other, each weighed in a softmax over what comes near it. */
export interface SparseMixerRouter {
  readonly kind: 'sparse-mixer';
  readonly topK: 2;
  readonly jitter: number;
}

/** Inkling's: shared experts have rows in the router, and share the weights with the chosen ones. */
export interface SharingRouter {
  readonly kind: 'sharing';
  readonly topK: number;
  readonly shared: number;
  readonly scale: number;
}

export type Router = ScoringRouter | SparseMixerRouter | SharingRouter;

/** What a block computes, by its architecture and its config: numbers alone, no tensors. */
export interface BlockRules {
  /** The class in transformers, or in the model's own code, whose computation this is. */
  readonly source: string;
  readonly router: Router;
  readonly inner: Inner;
  /** Null where shared experts do not belong to the block. */
  readonly sharedInner: Inner | null;
  /** True where a block cannot be without its shared experts. */
  readonly sharedRequired: boolean;
  /** False where the config switches the router's correction bias off. */
  readonly corrected: boolean;
  /** Experts' weights multiply what goes in, not what comes out (Llama 4). */
  readonly scaleInput: boolean;
  /** Factor on the routed experts' sum. */
  readonly routedScale: number;
  /** How routed and shared come together. */
  readonly combine: 'sum' | 'average';
  /** Experts without weights, numbered after the others, that give back what they get. */
  readonly zeroExperts: number;
  /** For root-mean-square norms inside the block. */
  readonly epsilon: number;
  /** Norms that belong to the block, and where the router's input is normed. */
  readonly norms: 'none' | 'after' | 'gemma';
  /** What a reader should know: what is left out of the block, where it differs from the model's own code. */
  readonly note: string | null;
}

/** Frameworks whose rules are known; docs/add-a-framework.md says how one is added. */
export type FrameworkId =
  | 'transformers-4.57'
  | 'transformers-5'
  | 'torchtitan'
  | 'megatron-core'
  | 'deepspeed-moe'
  | 'vllm'
  | 'vllm-before-21497'
  | 'sglang'
  | 'eplb'
  | 'custom';

/**
 * How experts are dealt to expert-parallel ranks.
 *
 * `linear`: contiguous blocks, redundant slots after the last expert. `ep-aware`: contiguous blocks, and each rank's share
 * of the redundant slots beside its own. `hierarchical` and `global` are EPLB's, from loads. `custom`: a map.
 */
export type Strategy = 'linear' | 'round-robin' | 'ep-aware' | 'hierarchical' | 'global' | 'custom';

/** Sizes of parallel groups as a user asks for them; what is absent is chosen as the framework would. */
export interface Degrees {
  readonly ep?: number | undefined;
  readonly tp?: number | undefined;
  readonly pp?: number | undefined;
  readonly cp?: number | undefined;
  /** Data parallel, sharded where the framework shards (`fsdp_size`, `data_parallel_shard_degree`). */
  readonly dp?: number | undefined;
  /** Tensor parallel inside experts (Megatron's `--expert-tensor-parallel-size`). */
  readonly etp?: number | undefined;
}

/** Tokens that each expert was sent, [layers][experts]; one row stands for every layer. */
export type Loads = readonly (readonly number[])[];

/** Logical expert of each slot, [layers][slots]; one row stands for every layer. */
export type SlotMap = readonly (readonly number[])[];

export interface PlacementOptions extends Degrees {
  readonly framework: FrameworkId;
  readonly strategy?: Strategy | undefined;
  /** Slots beyond one for each expert. */
  readonly redundant?: number | undefined;
  readonly nodes?: number | undefined;
  /** Groups that EPLB keeps together; the config's `n_group` when absent. */
  readonly groups?: number | undefined;
  readonly loads?: Loads | undefined;
  readonly map?: SlotMap | undefined;
  /** vLLM's `--all2all-backend`, which decides whether round-robin is honoured. */
  readonly all2all?: string | undefined;
}

export interface MoeLayer {
  /** The layer group's prefix. */
  readonly prefix: string;
  /** The layer's number, null outside numbered layers. */
  readonly index: number | null;
  readonly experts: number;
}

/** What the frameworks' limits ask of a model. Null: the files do not say, and the limit is not checked. */
export interface ModelFacts {
  readonly modelType: string | null;
  /** The class that the config names first. */
  readonly className: string | null;
  readonly moeLayers: readonly MoeLayer[];
  /** Decoder layers, dense ones included. */
  readonly layers: number;
  readonly heads: number | null;
  readonly kvHeads: number | null;
  readonly headDim: number | null;
  readonly hidden: number | null;
  readonly intermediate: number | null;
  readonly topK: number | null;
  /** `n_group` of the router, null without groups. */
  readonly expertGroups: number | null;
}

export interface Axis {
  readonly name: string;
  readonly size: number;
}

/** An axis made of others, outermost first: vLLM's ep of dp, pcp and tp. */
export interface Fold {
  readonly name: string;
  readonly of: readonly string[];
}

/**
 * Every way in which a framework numbers the same ranks: row-major grids over the world, outermost axis first, and axes
 * folded out of theirs. `order` is what one prints.
 */
export interface Mesh {
  readonly world: number;
  readonly grids: readonly (readonly Axis[])[];
  readonly folds: readonly Fold[];
}

export type Coords = Readonly<Record<string, number>>;

/** Where a rank stands, in every axis that cuts weights. */
export interface RankPlace {
  readonly rank: number;
  readonly coords: Coords;
  /** Coordinate in expert parallelism. */
  readonly ep: number;
  /** Part of the experts' tensors that data parallelism leaves it. */
  readonly inner: Part;
  /** Part of each expert that expert tensor parallelism leaves it. */
  readonly etp: Part;
  readonly stage: Part;
  /** Part of dense tensors that fully sharded data parallelism leaves it. */
  readonly fsdp: Part;
  readonly tp: Part;
}

export interface Part {
  readonly index: number;
  readonly of: number;
}

/** One layer's experts: `slots[ep]` lists the logical experts of an expert-parallel rank in the order of its slots. */
export interface LayerPlacement extends MoeLayer {
  readonly slots: readonly (readonly number[])[];
}

/** Names of mesh axes that cut weights, null where a framework does not cut. */
export interface Cuts {
  readonly ep: string;
  /** Cuts what expert parallelism leaves, along experts; along rows where there would be fewer experts than ranks. */
  readonly inner: string | null;
  readonly innerRowsWhenFew: boolean;
  readonly etp: string | null;
  readonly pp: string | null;
  readonly fsdp: string | null;
  readonly tp: string | null;
}

/** What a framework does with tensors that are not routed experts, under tensor parallelism. */
export interface DensePlan {
  /** `full`: the usual column and row cuts. `listed`: only what `column` and `row` match. */
  readonly kind: 'full' | 'listed' | 'replicated';
  readonly column: readonly string[];
  readonly row: readonly string[];
  /** Key and value heads are repeated where there are more ranks than heads. */
  readonly repeatsKv: boolean;
}

/** How a framework really reads a checkpoint. */
export type Loading =
  /** Only the bytes that the rank keeps. */
  | 'slices'
  /** Every tensor, then drops what it does not keep. */
  | 'everything'
  /** Every tensor but other ranks' experts stored one by one, when asked to. */
  | 'filter'
  /** No loader of its own. */
  | 'none';

/** Who holds what: a value, structured-cloneable. */
export interface Placement {
  readonly framework: FrameworkId;
  /** The strategy that is really used. */
  readonly strategy: Strategy;
  readonly redundant: number;
  readonly mesh: Mesh;
  readonly cuts: Cuts;
  readonly dense: DensePlan;
  /** Decoder layers of each pipeline stage. */
  readonly stages: readonly number[];
  readonly kvHeads: number | null;
  readonly ranks: readonly RankPlace[];
  readonly layers: readonly LayerPlacement[];
  /** True when every layer deals its experts alike. */
  readonly uniform: boolean;
  readonly warnings: readonly string[];
}

/** The framework's own words, where it has any. */
export interface PlacementError {
  readonly error: string;
  /** Set where nothing is refused yet: the file that the placement goes by was not given. */
  readonly needs?: 'loads' | 'map';
}

/** One framework: data and small functions. Every function is pure. */
export interface Framework {
  readonly id: FrameworkId;
  readonly title: string;
  /** Which versions the rules were read in. */
  readonly version: string;
  readonly strategies: readonly Strategy[];
  readonly redundant: boolean;
  readonly loading: Loading;
  readonly cuts: Cuts;
  mesh(options: PlacementOptions, facts: ModelFacts): Mesh | PlacementError;
  /** The framework's message when it would refuse, in the order of its own checks; else null. */
  limit(options: PlacementOptions, facts: ModelFacts, mesh: Mesh): string | null;
  /** The strategy that it really uses, with what it says when that is not the one asked for. */
  settle?(options: PlacementOptions, facts: ModelFacts): { readonly strategy: Strategy; readonly warnings: string[] };
  /** Slots by expert-parallel rank for `linear`, where it is not the even one. */
  linear?(experts: number, ep: number): readonly (readonly number[])[];
  densePlan(facts: ModelFacts): DensePlan;
  stages(layers: number, pp: number): readonly number[] | PlacementError;
  warnings?(options: PlacementOptions, facts: ModelFacts, mesh: Mesh): readonly string[];
}

import type { Provenance } from '../provenance.ts';

/**
 * How experts are placed on expert-parallel ranks.
 *
 * `linear`: contiguous blocks, redundant slots after the last expert. `ep-aware`: contiguous blocks, and each rank's share
 * of the redundant slots beside its own. `hierarchical` and `global` are EPLB's, from loads. `custom`: a map.
 */
export type Strategy = 'linear' | 'round-robin' | 'ep-aware' | 'hierarchical' | 'global' | 'custom';

/** Sizes of parallel groups as a user sets them. Absent sizes follow from the rules of the program. */
export interface Degrees {
  /** Number of ranks. Data parallelism fills the rest that the other sizes leave. */
  readonly world?: number | undefined;
  readonly ep?: number | undefined;
  readonly tp?: number | undefined;
  readonly pp?: number | undefined;
  readonly cp?: number | undefined;
  /** Data parallel, sharded where the framework shards (`fsdp_size`, `data_parallel_shard_degree`). */
  readonly dp?: number | undefined;
  /** Tensor parallel inside experts (Megatron's `--expert-tensor-parallel-size`). */
  readonly etp?: number | undefined;
}

/** Names of sizes beside `ep` that a program may have inputs for. */
export type DegreeName = 'tp' | 'pp' | 'cp' | 'dp' | 'etp';

/** Every size of a set-up, as the program resolves it; 1 for an unused kind of parallelism. */
export interface Sizes {
  readonly dp: number;
  readonly cp: number;
  /** Tensor parallelism of everything except routed experts. */
  readonly tp: number;
  /**
   * Tensor parallelism of attention and of the input embedding, where its ranks are data- or context-parallel for those.
   * Absent where it is `tp`.
   */
  readonly attnTp?: number | undefined;
  readonly pp: number;
  readonly ep: number;
  /** Ranks that share each expert's rows and columns. */
  readonly etp: number;
}

/** Tokens that each expert was sent, [layers][experts]; one row represents every layer. */
export type Loads = readonly (readonly number[])[];

/** Logical expert of each slot, [layers][slots]; one row represents every layer. */
export type SlotMap = readonly (readonly number[])[];

export interface PlacementOptions extends Degrees {
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
  /** Options of the program's own, by its names: those of its `settings` that are no size by another name. */
  readonly own?: OwnOptions | undefined;
}

/** A value of a program's own option. */
export type SettingValue = number | boolean | string | readonly SettingValue[] | SettingMap;
export interface SettingMap {
  readonly [name: string]: SettingValue;
}
export type OwnOptions = Readonly<Record<string, SettingValue>>;

/** An option of a program that changes the placement, under its own name. */
export interface Setting {
  /** `count`: a whole number from 0. `flag`: true or false. `word`: one of `words`. `json`: a list or a map. */
  readonly kind: 'count' | 'flag' | 'word' | 'json';
  /** The common size or option that it is an alias of; absent if there is none. */
  readonly of?: DegreeName | 'ep' | 'world' | 'redundant' | 'groups' | 'all2all';
  /** The program's own option that it is another spelling of. */
  readonly as?: string;
  /** What a word may be, with a strategy where it names one; for a count, words that stand in its place. */
  readonly words?: Readonly<Record<string, Strategy | true>>;
  /** What it does, in a few words. */
  readonly title: string;
}

/** Facts of the model that the user sets, to try other values with a config. */
export interface ModelOverrides {
  readonly experts?: number | undefined;
  readonly expertGroups?: number | undefined;
  readonly intermediate?: number | undefined;
  readonly blockRows?: number | undefined;
}

export interface MoeLayer {
  /** The layer group's prefix. */
  readonly prefix: string;
  /** The layer's number, null outside numbered layers. */
  readonly index: number | null;
  readonly experts: number;
}

/** Facts of a model that the limits of frameworks need. Null: the files do not give it, and the limit is not checked. */
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
  /** Numbers of a weight that share a scale or a code, null where weights are not quantised in blocks. */
  readonly blocks: QuantBlocks | null;
  /** Why experts cannot be placed; then `moeLayers` is empty. */
  readonly undealt?: string | undefined;
  /** A sentence about the part of the checkpoint that is missing or was not read. */
  readonly unread?: string | undefined;
  /** Where layers have other numbers of experts than the config says, a sentence for each list of layers. */
  readonly contradictions?: readonly string[] | undefined;
  /** Names of the lists of layers with experts where there are several; the first is the one that sizes are of. */
  readonly towers?: readonly string[] | undefined;
}

/** Sizes of quantisation blocks: 1 along a dim that may be cut anywhere. */
export interface QuantBlocks {
  /** Along the output dim of a matrix (`block_n`). */
  readonly rows: number;
  /** Along the input dim (`block_k`, `group_size`). */
  readonly columns: number;
  /** As the config names it: `fp8`, `gptq`, `mxfp4`, … */
  readonly method: string;
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
  /**
   * Runs of neighbouring ranks, each numbered by the same grids from its first rank on. Ranks outside of all hold nothing.
   * Absent: one run of all ranks.
   */
  readonly runs?: { readonly starts: readonly number[]; readonly length: number };
}

export type Coords = Readonly<Record<string, number>>;

/** The coordinates of a rank in every axis that cuts weights. */
export interface RankPlace {
  readonly rank: number;
  readonly coords: Coords;
  /** Coordinate in expert parallelism; −1 where the rank stands in no run of its mesh, and holds nothing. */
  readonly ep: number;
  /** Part of the experts' tensors that data parallelism leaves it. */
  readonly inner: Part;
  /** Part of each expert that expert tensor parallelism leaves it. */
  readonly etp: Part;
  readonly stage: Part;
  /** Part of dense tensors that fully sharded data parallelism leaves it. */
  readonly fsdp: Part;
  readonly tp: Part;
  /** Part of attention and of the input embedding: `tp`'s, unless those are cut by an axis of their own. */
  readonly attn: Part;
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
  /** Cuts attention instead of `tp`, in meshes that have such an axis. */
  readonly attn?: string;
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

/** How a framework reads a checkpoint. */
export type Loading =
  /** Only the bytes that the rank keeps. */
  | 'slices'
  /** Every tensor, then drops what it does not keep. */
  | 'everything'
  /** Every tensor but other ranks' experts stored one by one, when asked to. */
  | 'filter'
  /** No loader of its own. */
  | 'none';

/** How a program moves tokens to experts, and their outputs back. */
export type Exchange = 'all-reduce' | 'all-to-all' | 'all-gather';

/** Which ranks hold which experts. A structured-cloneable value. */
export interface Placement {
  /** The program's id. */
  readonly framework: string;
  /** The strategy that the program uses in the end. */
  readonly strategy: Strategy;
  readonly redundant: number;
  /** The backend that moves tokens, where one was named. */
  readonly all2all: string | undefined;
  /** Options of the program's own, as they were asked for. */
  readonly own: OwnOptions;
  readonly sizes: Sizes;
  readonly mesh: Mesh;
  readonly cuts: Cuts;
  readonly dense: DensePlan;
  readonly loading: Loading;
  readonly exchange: Exchange;
  /** Quantisation blocks of each expert's intermediate size where cuts fall between them; null where they fall anywhere. */
  readonly units: number | null;
  /** Decoder layers of each pipeline stage. */
  readonly stages: readonly number[];
  readonly kvHeads: number | null;
  readonly ranks: readonly RankPlace[];
  readonly layers: readonly LayerPlacement[];
  /** True if every layer places its experts in the same way. */
  readonly uniform: boolean;
  readonly warnings: readonly string[];
}

/** A refusal, in the words of the program if they are known. */
export interface PlacementError {
  readonly error: string;
  /** Set if a file that the placement needs was not given; then nothing is refused yet. */
  readonly needs?: 'loads' | 'map';
  /** Set if the checkpoint is the reason, for every program; then the message is ours. */
  readonly by?: 'checkpoint';
}

/** The set-up before limits are checked and experts are placed. */
export interface SetUp {
  /** As asked, with the program's first strategy where none was named. */
  readonly options: PlacementOptions & { readonly strategy: Strategy };
  readonly facts: ModelFacts;
  readonly sizes: Sizes;
  readonly mesh: Mesh;
}

/** In which forms a checkpoint stores its experts. */
export interface StoredForms {
  /** Some layer has one tensor an expert. */
  readonly apart: boolean;
  /** Some layer has its experts in one tensor. */
  readonly fused: boolean;
  /** Some layer has gate and up stacked apart. */
  readonly stacked: boolean;
}

/** What an entry of an expert-parallel plan does to the module that it names, below `layers.*.`. */
export interface PlanEntry {
  readonly name: string;
  /** The program's word for it. */
  readonly style: string;
  /** What that word means, in a sentence. */
  readonly meaning: string;
}

/** How one program places experts on ranks: data and small functions. Every function is pure. */
export interface PlacementRules extends Provenance {
  /** The first is its default. */
  readonly strategies: readonly Strategy[];
  /** True where it has redundant experts. */
  readonly redundant: boolean;
  /** True where it takes a number of experts for each layer; else it builds every layer with the config's one number. */
  readonly countsByLayer?: boolean;
  readonly loading: Loading;
  /** How it reads under a placement, where that is not always `loading`. */
  loadingOf?(setUp: SetUp): Loading;
  readonly exchange: Exchange;
  readonly cuts: Cuts;
  /** Sizes beside `ep` that it takes, with its own words for them. */
  readonly inputs: Readonly<Partial<Record<DegreeName, string>>>;
  /** Options by its own names, beside the sizes that every program takes. */
  readonly settings?: Readonly<Record<string, Setting>>;
  /** Sizes that it works out from the others when they are not given. */
  readonly inferred: readonly DegreeName[];
  /** Options as it takes them, where one of them decides another, with what it says then; or its own message. */
  resolve?(
    options: PlacementOptions,
    facts: ModelFacts,
  ): { readonly options: PlacementOptions; readonly warnings: readonly string[] } | PlacementError;
  /** Every size, or its own message where the sizes that were asked for cannot be. */
  sizes(options: PlacementOptions, facts: ModelFacts): Sizes | PlacementError;
  mesh(sizes: Sizes, options: PlacementOptions): Mesh;
  /** The program's message when it would refuse, in the order of its own checks; else null. */
  limit(setUp: SetUp): string | null;
  /** True for a kind of quantisation whose blocks it deals whole where it cuts experts, padding what is missing. */
  dealsBlocks?(method: string): boolean;
  /** The strategy that it really uses, with what it says when that is not the one asked for. */
  settle?(setUp: SetUp): { readonly strategy: Strategy; readonly warnings: readonly string[] };
  /** Slots by expert-parallel rank for `linear`, where it is not the even one. */
  linear?(experts: number, ep: number): readonly (readonly number[])[];
  densePlan(facts: ModelFacts): DensePlan;
  stages(layers: number, pp: number, options: PlacementOptions): readonly number[] | PlacementError;
  warnings?(setUp: SetUp): readonly string[];
  /** What no error message says about loading experts that are stored so. */
  loadingWarnings?(placement: Placement, stored: StoredForms): readonly string[];
  /** Its expert-parallel plan of a model type, null where it has none. */
  plan?(modelType: string | null): readonly PlanEntry[] | null;
  /** The file that it takes a placement from, where there is one. */
  readonly placementFile?: PlacementFile;
  /** How the assertion script asks it for expert parallelism; absent where that script cannot load with it. */
  readonly assertion?: 'tensor-parallel-plan' | ConfigSizes;
}

/** What a `DistributedConfig` calls its sizes: of expert parallelism, of data parallelism, of stages. */
export interface ConfigSizes {
  readonly ep: string;
  readonly dp: string;
  readonly pp: string;
}

/** A file of one program's own that says a placement to it. */
export interface PlacementFile {
  readonly title: string;
  /** What the program does with it. */
  readonly use: string;
  readonly file: string;
  /** The file's JSON; null where it cannot say the placement, for the reason in `limit`. */
  make(placement: Placement, facts: ModelFacts): unknown;
  readonly limit: string;
}

/** A program as the rank engine takes it. */
export interface PlacingProgram {
  readonly id: string;
  readonly title: string;
  readonly placement: PlacementRules;
}

import type { BlockMaker } from './families/blocks.ts';
import type { EpPlan } from './families/ep-plan.ts';
import type { LoadRules } from './families/loading.ts';
import type { ExpertLayout } from './types.ts';

/** How a config says which layers have experts. Rules are tried in order; the first whose keys are there decides. */
export type LayerRule =
  /** Layers below the number are dense. */
  | { readonly kind: 'first'; readonly key: string }
  /** `mlp_only_layers` are dense, of the others every `decoder_sparse_step`th has experts. */
  | { readonly kind: 'sparse-step' }
  /** Experts where `layer % period == offset`. */
  | { readonly kind: 'period'; readonly period: string; readonly offset: string }
  /** Experts from `moe_layer_start_index` on, at every `moe_layer_interval`th. */
  | { readonly kind: 'interval' }
  /** One word or number a layer: with experts when among `moe`, or else unless `dense` or 0. A text counts by letter. */
  | { readonly kind: 'types'; readonly key: string; readonly moe?: readonly string[] }
  /** From the layer that `first` names on, every `every`th has experts, counted from 0, or with `fromOne` from 1; `every` may list 0 and 1 a layer. */
  | { readonly kind: 'every'; readonly every: string; readonly first?: string; readonly fromOne?: true }
  /** Every `encoder`th layer of the encoder and `decoder`th of the decoder: the last of each run, or its `second`. */
  | { readonly kind: 'halves'; readonly encoder: string; readonly decoder: string; readonly at: 'second' | 'last' }
  /** One block a layer, whose word under `key` is among `moe` where the layer has experts. */
  | { readonly kind: 'blocks'; readonly key: string; readonly moe: readonly string[] }
  /** Numbers of the layers with experts, a list or a text with commas. */
  | { readonly kind: 'list'; readonly key: string };

/** Pairs of (spelling on the Hub, spelling in transformers 5's memory). */
export type Renames = readonly (readonly [disk: string, memory: string])[];

/** What one model type's checkpoints look like. One row of the table. */
export interface Architecture {
  readonly modelTypes: readonly string[];
  /** Segment between the layer and its experts on the Hub, `''` for none; and in transformers 5's memory. */
  readonly container: string;
  readonly memoryContainer: string;
  /** How the Hub's files store the experts. More than one where its repos differ; the first is usual. */
  readonly disk: readonly ExpertLayout[];
  /** How transformers 5 holds them; null where it has no such model. */
  readonly memory: ExpertLayout | null;
  readonly gated: boolean;
  readonly experts: readonly string[];
  readonly topK: readonly string[];
  readonly intermediate: readonly string[];
  /** Experts a token takes where no config says it because the code fixes it; else null. */
  readonly perToken: number | null;
  /** True where the model's classes take a list with one number of experts a layer; others take one number alone. */
  readonly lists: boolean;
  /** Empty: every layer has experts. */
  readonly layers: readonly LayerRule[];
  /** Names below the container, without experts. */
  readonly tails: Renames;
  /** Names of the layer itself, without experts: shared experts beside the container and the like. */
  readonly siblings: Renames;
  /** Beginnings of every name. */
  readonly prefixes: Renames;
  /** Keys by which a config without a model type is told to be of this kind; empty for all that have one. */
  readonly tells: readonly string[];
  /** True where transformers has no classes for it, and its repos bring their own code. */
  readonly remote: boolean;
  /** Keys of the number of experts in layers of multi-token prediction, where it is not that of the others. */
  readonly draftExperts: readonly string[];
  /** Where multi-token prediction sits: `extra`, layers from `num_hidden_layers` on; `stack`, under `mtp.`. */
  readonly mtp: 'none' | 'extra' | 'stack';
  /** The key of the number of experts as transformers 4 and 5 write it. */
  readonly countKeys: { readonly v4: string; readonly v5: string };
  /** How MLX stores them. */
  readonly mlx: 'switch-mlp' | 'weight';
  /** Why its experts are known, but cannot be told apart here; null for nearly all. */
  readonly unsupported: string | null;
  /** What its block computes, or a sentence that says why that is not known to this program. */
  readonly block: BlockMaker | string;
  /** How transformers 5 loads its experts; null where that was not read or it has no such model. */
  readonly loads: LoadRules | null;
  /** The expert-parallel plan of its config in transformers 5.18; null where it has none. */
  readonly ep: EpPlan | null;
  readonly source: string;
  /** True when a checkpoint that transformers wrote is among the fixtures. */
  readonly confirmed: boolean;
}

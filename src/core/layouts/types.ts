import type { NeededValue } from '../checkpoint/read-companion-values.ts';
import type { DType } from '../safetensors/dtype.ts';
import type { Shape } from '../safetensors/types.ts';
import type { DefectTag } from './defects.ts';
import type { Dialect, Family, Fusion, StoredProjection } from './dialect-rows.ts';

export type { Dialect, Family, Fusion, Projection, StoredProjection } from './dialect-rows.ts';

export interface ExpertLayout {
  readonly family: Family;
  /** Null only when the family is `unknown`. */
  readonly dialect: Dialect | null;
}

/**
 * One kind of tensor that every expert of a group has: all gates' weights, all down scales …
 *
 * `template` is the tensor's name, with `{i}` where the expert's number stands in families that store experts apart.
 * `shape` and `dtype` are those of one such tensor.
 */
export interface ExpertMember {
  readonly projection: StoredProjection;
  /** What of the projection: `weight`, `bias`, or a quantised companion by its suffix (`weight_scale_inv`, `blocks` …). */
  readonly part: string;
  readonly template: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** How the matrices lie inside stacked tensors. Canonical is `out-in` (rows are outputs), as `torch.nn.Linear` stores. */
export type Orientation = 'out-in' | 'in-out' | 'ambiguous';

/** One way to read names that several dialects share. */
export interface Reading {
  readonly layout: ExpertLayout;
  /** Who stores experts so. */
  readonly by: string;
}

export interface Defect {
  readonly tag: DefectTag;
  readonly message: string;
  readonly tensor?: string;
  readonly expert?: number;
  /** A projection that no expert of the layer has. */
  readonly projection?: StoredProjection;
  /** Half-open interval of experts. */
  readonly range?: readonly [number, number];
  /** The prefix of the one group that it is about, where the layout has it and not the group. */
  readonly group?: string;
  /** What the names may mean, where nothing in the files decides it: each can be assumed. */
  readonly readings?: readonly Reading[];
}

export type GroupKind = 'moe' | 'dense' | 'mtp';

/** The experts of one layer (or a dense layer's MLP), with everything that belongs to them. */
export interface LayerGroup {
  /** Ends before `experts`: `model.layers.0.mlp`. */
  readonly prefix: string;
  /** The layer's number as its name says, null outside numbered layers. */
  readonly index: number | null;
  readonly kind: GroupKind;
  /** Null for dense groups. */
  readonly layout: ExpertLayout | null;
  /** Why the family is `unknown`, else null. */
  readonly reason: string | null;
  /** Number of routed experts, null for dense groups and where it cannot be told. */
  readonly experts: number | null;
  readonly orientation: Orientation;
  readonly fusion: Fusion;
  /** Canonical sizes: expert intermediate I and hidden H; null when unknown. */
  readonly intermediate: number | null;
  readonly hidden: number | null;
  readonly members: readonly ExpertMember[];
  /** Names of all tensors that hold routed experts, natural order. */
  readonly expertTensors: readonly string[];
  /** Names of router tensors, router biases included. */
  readonly router: readonly string[];
  readonly shared: readonly string[];
  readonly defects: readonly Defect[];
}

/** Where the canonical [rows = out, columns = in] matrix of one expert lies: strides and base in elements of `tensor`. */
export interface MatrixView {
  readonly tensor: string;
  readonly dtype: DType;
  readonly base: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** The layout of a checkpoint: pure, survives `structuredClone`. */
export interface CheckpointLayout {
  readonly modelType: string | null;
  /** The family that all MoE groups share (MTP groups aside), else `mixed`, `dense` (no experts) or `unknown`. */
  readonly layout: Family | 'mixed' | 'dense';
  readonly groups: readonly LayerGroup[];
  /** Findings about layouts across groups: config against tensors, two layouts in one repo. */
  readonly defects: readonly Defect[];
}

/** What a checkpoint can be converted to; ids as in the architecture page's list of conversion targets. */
export type TargetLayout =
  | 'per-expert'
  | 'stacked'
  | 'gate-up'
  | 'gate-up-transposed'
  | 'gate-up-interleaved'
  | 'switch-mlp'
  | 'qwen3-moe-fused';

/** What the reader of a checkpoint knows that the checkpoint does not say. */
export interface Assumption {
  /** Stands in for the config's `model_type`. */
  readonly modelType?: string;
  /** How the matrices of stacked gate-up tensors lie. */
  readonly orientation?: 'out-in' | 'in-out';
  /** The layout of every layer whose names fit it. */
  readonly layout?: ExpertLayout;
  /** Sentences that say which values support it, where it was taken from values. */
  readonly restsOn?: string;
}

/** Why a group has no form in a target; the tags are those of a plan's refusals. */
export interface TargetRefusal {
  readonly tag:
    | 'layout-unknown'
    | 'layout-ambiguous'
    | 'orientation-ambiguous'
    | 'target-unsupported'
    | 'companion-unsupported';
  readonly message: string;
  /** Present where a look at these values would decide: nothing else is in the way. */
  readonly needs?: readonly NeededValue[];
}

/** A group as the target stores it, or why it cannot be. `note` is for the reader, never a reason to stop. */
export type TargetAnswer = { readonly group: LayerGroup; readonly note?: string } | { readonly refusal: TargetRefusal };

/** A value of config.json that a target's consumers read otherwise. `key` is a path with dots. */
export interface LayoutConfigChange {
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly reason: string;
}

import type { CheckpointTensor } from '../checkpoint/types.ts';
import type { CheckpointLayout, MatrixView, Projection } from '../layouts/types.ts';
import type { Operation } from '../plan/types.ts';
import type { PackedTensor } from '../plan/unpack.ts';
import type { GroupPair } from '../verify/pairs.ts';

/**
 * The status of a piece. The first that applies, in this order:
 *
 * `only-left`, `only-right`: no match. `value-changed`: other values, known after comparing values. `shape-changed`:
 * other sizes that no layout explains. `dtype-changed`. `reshaped`: the same weights in another tensor or another order.
 * `renamed`: another name. `moved`: another file or another position in it. `same`.
 */
export const STATUSES = [
  'same',
  'moved',
  'renamed',
  'reshaped',
  'dtype-changed',
  'shape-changed',
  'value-changed',
  'only-left',
  'only-right',
] as const;
export type Status = (typeof STATUSES)[number];

const DIFFERENT: ReadonlySet<Status> = new Set([
  'dtype-changed',
  'shape-changed',
  'value-changed',
  'only-left',
  'only-right',
]);

/**
 * True for statuses that make two checkpoints different. Names, positions and layouts do not.
 *
 * @example
 * ```ts
 * import { correspond, isDifference } from 'moe-loom/compare';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const left = await openCheckpoint(await openFolder('model'));
 * const { entries } = correspond(left, left);
 * console.log(entries.filter(isDifference).length); // → 0
 * ```
 */
export function isDifference({ status, outside }: Pick<Entry, 'status' | 'outside'>): boolean {
  return !outside && DIFFERENT.has(status);
}

/** An operation of transformers, or one without a name there: adding or removing dims of size 1, another dtype. */
export type Step = Operation | 'Reshape' | 'Cast';

/** A tensor, or the matrix of one expert in it. */
export interface Piece {
  readonly tensor: CheckpointTensor;
  /** Null for a whole tensor. */
  readonly view: MatrixView | null;
  /** 0 if another entry already counts these bytes, because gate and up share one value. */
  readonly bytes: number;
  /** The stored codes and scales of which `tensor` is the unpacked form; absent if `tensor` itself is stored. */
  readonly stored?: PackedTensor;
}

/** Which matrix of which expert; `group` counts in {@link Correspondence.groups}. */
export interface SlotOf {
  readonly group: number;
  readonly expert: number;
  readonly projection: Projection;
  /** `weight`, `bias`, or a quantised companion by its suffix. */
  readonly part: string;
}

/** A matched pair of pieces, or a piece without a match. */
export interface Entry {
  readonly status: Status;
  readonly left: Piece | null;
  readonly right: Piece | null;
  /** Null outside routed experts. */
  readonly slot: SlotOf | null;
  /** The operations that turn left into right; empty without a match. */
  readonly steps: readonly Step[];
  /** An explanation of the status, if it needs one. */
  readonly note: string | null;
  /** True outside the layers of a partial conversion; it is not a difference. */
  readonly outside: boolean;
}

/** Two prefixes of names for the same part of the model. */
export interface PrefixRule {
  readonly left: string;
  readonly right: string;
  readonly reason: string;
}

export interface StatusCount {
  readonly entries: number;
  readonly leftBytes: number;
  readonly rightBytes: number;
}

export interface SideFacts {
  readonly identity: string;
  readonly modelType: string | null;
  readonly layout: CheckpointLayout['layout'];
  readonly tensors: number;
  /** Of tensors, headers left out. */
  readonly bytes: number;
  /** Tensors of which every byte is matched. */
  readonly paired: number;
}

/** Two matched checkpoints. A value without handles; survives `structuredClone`. */
export interface Correspondence {
  readonly left: SideFacts;
  readonly right: SideFacts;
  /** Every byte of every tensor of each side is in exactly one entry; layer by layer, experts in the order of their numbers. */
  readonly entries: readonly Entry[];
  readonly groups: readonly GroupPair[];
  readonly prefixes: readonly PrefixRule[];
  readonly counts: Readonly<Record<Status, StatusCount>>;
  /** Notes that a user must know to judge the result. */
  readonly notes: readonly string[];
  /** Numbers of the layers of a partial side; null if both are whole. */
  readonly layers: readonly number[] | null;
  /** True if every tensor has a match with the same dtype and sizes. */
  readonly equal: boolean;
  /** Sides whose quantised tensors are compared after unpacking to bf16. */
  readonly unpacked: { readonly left: boolean; readonly right: boolean };
}

import type { CheckpointTensor } from '../checkpoint/types.ts';
import type { CheckpointLayout, MatrixView, Projection } from '../layouts/types.ts';
import type { Operation } from '../plan/types.ts';
import type { PackedTensor } from '../plan/unpack.ts';
import type { GroupPair } from '../verify/pairs.ts';

/**
 * What became of a piece from one checkpoint to the other. The first that fits, in this order:
 *
 * `only-left`, `only-right`: no partner. `value-changed`: other numbers, known once they were compared. `shape-changed`:
 * other sizes, which no layout explains. `dtype-changed`. `reshaped`: the same numbers in another tensor or another order.
 * `renamed`: another name. `moved`: another file, or another place in it. `same`.
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

/** True for what makes two checkpoints differ in meaning; names, places and layouts do not. */
export function isDifference({ status, outside }: Pick<Entry, 'status' | 'outside'>): boolean {
  return !outside && DIFFERENT.has(status);
}

/** An operation of transformers, or what it has no name for: dims of size 1 more or less, another dtype. */
export type Step = Operation | 'Reshape' | 'Cast';

/** A tensor, or the part of it that is one expert's matrix. */
export interface Piece {
  readonly tensor: CheckpointTensor;
  /** Null for a whole tensor. */
  readonly view: MatrixView | null;
  /** 0 where another entry already counts these bytes: one value stands for gate and up. */
  readonly bytes: number;
  /** Codes and scales that are stored in place of `tensor`, which is what they stand for; absent where it is stored itself. */
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

/** The same numbers on two sides, or what has a partner on neither. */
export interface Entry {
  readonly status: Status;
  readonly left: Piece | null;
  readonly right: Piece | null;
  /** Null outside routed experts. */
  readonly slot: SlotOf | null;
  /** What leads from left to right; empty where there is no partner. */
  readonly steps: readonly Step[];
  /** Why the status is what it is, where that needs a sentence. */
  readonly note: string | null;
  /** Outside of the layers that a partial conversion holds: no difference. */
  readonly outside: boolean;
}

/** Two beginnings of names that mean the same part of the model. */
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
  /** Tensors that have a partner in every byte. */
  readonly paired: number;
}

/** Two checkpoints matched by meaning: a value, without handles; survives `structuredClone`. */
export interface Correspondence {
  readonly left: SideFacts;
  readonly right: SideFacts;
  /** Every byte of every tensor of each side is in exactly one entry; layer by layer, experts in the order of their numbers. */
  readonly entries: readonly Entry[];
  readonly groups: readonly GroupPair[];
  readonly prefixes: readonly PrefixRule[];
  readonly counts: Readonly<Record<Status, StatusCount>>;
  /** What a reader of the numbers has to know. */
  readonly notes: readonly string[];
  /** Numbers of the layers that a partial side holds, null when both are whole. */
  readonly layers: readonly number[] | null;
  /** True when everything has a partner of the same dtype and sizes. */
  readonly equal: boolean;
  /** Sides whose quantised tensors are compared as the bf16 that they stand for. */
  readonly unpacked: { readonly left: boolean; readonly right: boolean };
}

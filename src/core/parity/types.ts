import type { Assumption } from '../layouts/types.ts';
import type { Operation } from '../plan/types.ts';
import type { DispatchFault, RankShare, Routing } from './dispatch.ts';
import type { FormId } from './forms.ts';
import type { HiddenStates } from './hidden-states.ts';
import type { ParitySource } from './reading.ts';
import type { Runtime } from './runtime.ts';

export type { ParitySource } from './reading.ts';

/**
 * One way to compute the block: the checkpoint's experts in one of three forms, on the ranks of an expert-parallel group,
 * or as a second checkpoint (`other`) stores them.
 */
export type RunId = FormId | 'expertParallel' | 'other';

export interface ParityOptions {
  readonly layer: number;
  /** Ranks to play; divides the experts. A small one is chosen when absent. */
  readonly ep?: number | undefined;
  /** What the block is run on: given, or random numbers from a seed. */
  readonly input: HiddenStates | { readonly tokens: number; readonly seed: number };
  /** What the block should give: the truth of somebody else. */
  readonly expect?: Float32Array | undefined;
  /** Compared with the first: the same layer of another checkpoint. */
  readonly other?: ParitySource | undefined;
  readonly runtime: Runtime;
  readonly assume?: Assumption | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ParityProgress) => void) | undefined;
  /** Stands in for {@link dispatchToRanks} in tests that plant faults. */
  readonly dispatch?: ((routing: Routing, ep: number) => readonly RankShare[]) | undefined;
  /** Most numbers of experts in one session; for tests. */
  readonly sessionNumbers?: number | undefined;
}

/** `read` of `total` bytes of experts; `done` of `steps` sessions. */
export interface ParityProgress {
  readonly read: number;
  readonly total: number;
  readonly done: number;
  readonly steps: number;
  readonly doing: string;
}

/** One way to compute, and where its bytes came from. */
export interface ParityRun {
  readonly id: RunId;
  /** True where the checkpoint stores this form; false where its bytes went through a conversion's parts. */
  readonly stored: boolean;
  readonly operations: readonly Operation[];
  readonly source: string;
  /** max|run − expected| ÷ max|expected|, where something was expected. */
  readonly expected: number | null;
}

export interface ParityPair {
  readonly a: RunId;
  readonly b: RunId;
  /** max|a − b| ÷ max|a|. */
  readonly maxRelative: number;
}

/** A known mistake that explains a difference. */
export interface ParityFault {
  readonly tag:
    | DispatchFault['tag']
    | 'experts-swapped'
    | 'gate-up-swapped'
    | 'router-rows-reordered'
    | 'router-differs'
    | 'experts-differ';
  readonly message: string;
}

/** What {@link compareBlock} found: pure data. */
export interface ParityReport {
  readonly layer: number;
  readonly prefix: string;
  readonly modelType: string | null;
  /** The class whose computation this is. */
  readonly block: string;
  readonly experts: number;
  readonly topK: number;
  readonly hidden: number;
  readonly tokens: number;
  /** Null where the input was given. */
  readonly seed: number | null;
  readonly ep: number;
  readonly runs: readonly ParityRun[];
  /** Forms that could not be made, and why. */
  readonly missing: readonly { readonly id: RunId; readonly reason: string }[];
  readonly pairs: readonly ParityPair[];
  readonly routing: Routing;
  /** (token, expert) pairs by expert and by rank. */
  readonly tokensPerExpert: readonly number[];
  readonly tokensPerRank: readonly number[];
  /** max|operator − first run| ÷ max|first run| of com.microsoft.MoE; null with the reason where it does not apply. */
  readonly operator: { readonly maxRelative: number | null; readonly reason: string | null };
  readonly tolerance: number;
  readonly verdict: 'same' | 'different';
  readonly faults: readonly ParityFault[];
  readonly notes: readonly string[];
  readonly runtime: { readonly name: string; readonly threads: number };
  /** Bytes read from the checkpoints' files. */
  readonly bytesRead: number;
}

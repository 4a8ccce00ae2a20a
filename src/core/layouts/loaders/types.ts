import type { DType } from '../../safetensors/dtype.ts';
import type { Shape } from '../../safetensors/types.ts';
import type { TargetLayout } from '../types.ts';

/** Programs whose loading is known here; the order is that of every list of verdicts. */
export const CONSUMER_IDS = [
  'transformers-5',
  'transformers-4.57',
  'fork-qwen3-moe-ep',
  'veomni',
  'vllm',
  'sglang',
  'llama.cpp',
  'mlx',
  'megatron-bridge',
  'torchtitan',
  'qwen3-moe-fused',
] as const;

export type ConsumerId = (typeof CONSUMER_IDS)[number];

/**
 * What a consumer makes of a checkpoint's routed experts.
 *
 * `loads`: as they are. `loads-converting`: rearranged while loading, nothing lost. `partial`: it starts, but experts
 * are at random or dropped. `refuses`: it stops with an error. `unknown`: there is no evidence either way.
 */
export type Verdict = 'loads' | 'loads-converting' | 'partial' | 'refuses' | 'unknown';

/** How a claim is known: `run` on a real checkpoint, read in the `source`, `reported` by others, or `unverified`. */
export type EvidenceKind = 'run' | 'source' | 'reported' | 'unverified';

export interface Evidence {
  readonly kind: EvidenceKind;
  /** Where to look it up. */
  readonly source: string;
  /** ISO date of the run or of what was read. */
  readonly date: string;
}

/** Names of expert tensors as the consumer itself would report them, in natural order. */
export interface NameReport {
  /** The model has them, the checkpoint does not. */
  readonly missing: readonly string[];
  /** The checkpoint has them, the model does not. */
  readonly unexpected: readonly string[];
  /** In both, but not of one shape. */
  readonly mismatched: readonly string[];
}

export interface ConsumerVerdict extends NameReport {
  readonly id: ConsumerId;
  readonly version: string;
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  /** The conversion after which this consumer loads the checkpoint; null when none is needed or known. */
  readonly cure: TargetLayout | null;
  /** What else it takes: config keys, versions, flags. One sentence each. */
  readonly needs: readonly string[];
}

/** A tensor that is planned, or anything else with a name and a shape. */
export interface PlannedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** What one consumer says before it is known whether a conversion would help. */
export type Answer = Omit<ConsumerVerdict, 'id' | 'version' | 'cure'>;

export const NO_NAMES: NameReport = { missing: [], unexpected: [], mismatched: [] };

import type { Provenance } from '../../provenance.ts';
import type { PlacementOptions, PlacingProgram } from '../types.ts';
import type { LoraRules } from './lora.ts';
import type { UsualRegime } from './regimes.ts';
import type { MemoryMesh, MemorySetup, Offload } from './setup.ts';
import type { ModelShape } from './shape.ts';

/** Parameters of one rank, by what of them it holds. ZeRO and Megatron cut gradients and states where weights stay whole. */
export interface Held {
  readonly weights: number;
  readonly gradients: number;
  readonly optimizer: number;
}

/** Choices that decide what a rank holds. */
export interface HoldingOptions {
  readonly dense: 'sharded' | 'replicated';
  readonly zero: 0 | 1 | 2 | 3;
}

/** How one program uses a GPU's memory, given its placement: data and small functions. Every function is pure. */
export interface MemoryRules extends Provenance {
  /** The program, with what of it is modelled. */
  readonly title: string;
  /** What a rank holds, in words: of everything but experts, and of experts. */
  readonly holds: { readonly dense: string; readonly experts: string };
  /** True where a model is served, not trained. */
  readonly serves: boolean;
  readonly usual: UsualRegime;
  /** How it trains with LoRA; absent where that is not modelled. */
  readonly lora?: LoraRules;
  /** Said where this program was taken because none was named. */
  readonly byDefault?: string;
  /** True where 16 bytes a parameter are ZeRO's 2 + 2 + 12, not fp32 for all. */
  readonly masters?: boolean;
  /** The sizes that were asked for, with those that this program adds. */
  fill?(options: PlacementOptions): PlacementOptions;
  /** Whether tensors other than routed experts are cut over all ranks by default, with a sentence about it. */
  dense(setup: MemorySetup): { readonly dense: HoldingOptions['dense']; readonly said: string | null };
  /** Further sentences about what was chosen. */
  assumptions?(setup: MemorySetup): readonly string[];
  /**
   * What a rank holds of its dense parameters, before data parallelism cuts them, and of its experts: `placed` as the
   * placement leaves them, `whole` before data parallelism cuts them.
   */
  cut(
    mesh: MemoryMesh,
    options: HoldingOptions,
  ): { dense(count: number): Held; experts(placed: number, whole: number): Held };
  /** What it brings together for computing: FSDP2's gathers, ZeRO-3's live parameters and buckets, or nothing. */
  readonly fetches: 'layers' | 'live' | 'buckets' | 'none';
  /** What `optimizer.step()` needs beside the states. */
  readonly step: 'foreach' | 'sub-group' | 'none';
  /** Sequence parallelism: hidden states between layers, and the loss, are cut over tensor-parallel ranks. */
  readonly sequenceParallel: boolean;
  /** The loss works instead of the logits whatever the sizes. */
  readonly lossInPlace: boolean;
  /** All expert-parallel ranks work on one batch. */
  readonly sharedBatch: boolean;
  /** What it can keep on the host instead of the GPU; empty where it has no such thing. */
  readonly offloads: readonly Exclude<Offload, 'none'>[];
  /** Why an offload that it has cannot be taken in this set-up; null where it can. */
  offloadLimit?(setup: MemorySetup, offload: Exclude<Offload, 'none'>): string | null;
  /** The program's own word for its offload, and what it needs beside it; of one that is not counted, where there is none. */
  readonly offloadSaid?: string;
  /** Why routed tokens of a layer may stay after its backward until the next micro batch, with source, where they do. */
  readonly lingering?: string;
  /** Weights and states of the fullest rank by the program's own formula, in bytes, where it has one. */
  theoretical?(shape: ModelShape, mesh: MemoryMesh): number;
  /** The word for data parallelism in proposals, and which proposals make sense. */
  readonly changes: { readonly data: string; readonly context: boolean; readonly shardDense: boolean };
}

/** A program as the memory engine takes it. */
export interface MemoryProgram extends PlacingProgram {
  readonly memory: MemoryRules;
}

/** As many gradients and states as weights. */
export function even(count: number): Held {
  return { weights: count, gradients: count, optimizer: count };
}

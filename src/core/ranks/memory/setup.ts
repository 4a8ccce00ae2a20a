import { quantBlocks } from '../../layouts/quant-blocks.ts';
import type { ModelFacts, Placement, PlacementOptions, Sizes } from '../types.ts';
import type { LoraSetup } from './lora.ts';
import type { ModelShape } from './shape.ts';

export const OFFLOADS = ['none', 'optimizer', 'all'] as const;
export type Offload = (typeof OFFLOADS)[number];

export function isOffload(text: string): text is Offload {
  return (OFFLOADS as readonly string[]).includes(text);
}

/** The choices for one run. Where one is absent, a default is used and listed under the assumptions. */
export interface MemorySetup {
  /** The program's id. */
  readonly framework?: string | undefined;
  readonly gpus?: number | undefined;
  readonly dp?: number | undefined;
  readonly cp?: number | undefined;
  readonly tp?: number | undefined;
  readonly pp?: number | undefined;
  readonly ep?: number | undefined;
  readonly etp?: number | undefined;
  /** Slots for experts beyond one for each, where the program has them. */
  readonly redundant?: number | undefined;
  /** Tokens of a sequence. */
  readonly context?: number | undefined;
  /** Sequences of a micro batch; sequences served at once where a model is served. */
  readonly batch?: number | undefined;
  readonly optimizerBytes?: number | undefined;
  /** Weights other than routed experts: sharded over all ranks, or replicated on each expert-parallel rank. */
  readonly dense?: 'sharded' | 'replicated' | undefined;
  readonly zero?: 0 | 1 | 2 | 3 | undefined;
  readonly offload?: Offload | undefined;
  readonly checkpointing?: boolean | undefined;
  readonly chunkedLoss?: boolean | undefined;
  /** Tokens of the busiest expert-parallel rank, divided by the mean. */
  readonly imbalance?: number | undefined;
  /** LoRA: weights are frozen, adapters are trained. */
  readonly lora?: LoraSetup | undefined;
  /** How fast it runs, one of three: tokens of the whole run in a second, seconds of a step, or MFU in percent. */
  readonly tokensPerSecond?: number | undefined;
  readonly stepSeconds?: number | undefined;
  readonly mfu?: number | undefined;
  /** Dense bf16 TFLOP/s of one GPU. */
  readonly gpuTflops?: number | undefined;
  /** Memory of a GPU that programs can use, in GiB. */
  readonly capacityGib?: number | undefined;
}

/** Sizes of every parallel group, as the placement uses them. */
export interface MemoryMesh extends Sizes {
  readonly gpus: number;
  /** Ranks that share the same experts. */
  readonly edp: number;
  /** Decoder layers of each pipeline stage. */
  readonly stages: readonly number[];
}

/** What placement rules ask of a model, from its shape. */
export function factsOf(shape: ModelShape): ModelFacts {
  return {
    modelType: shape.modelType,
    className: shape.className,
    moeLayers: shape.sparseLayers.map((index, at) => ({
      prefix: `model.layers.${index}.mlp`,
      index,
      experts: shape.expertsByLayer?.[at] ?? shape.experts,
    })),
    layers: shape.layers,
    heads: shape.heads,
    kvHeads: shape.kvHeads,
    headDim: shape.headDim,
    hidden: shape.hidden,
    intermediate: shape.intermediate,
    topK: shape.topK,
    expertGroups: shape.expertGroups,
    blocks: quantBlocks(shape.config),
  };
}

/** The sizes of a set-up as its placement is asked for them: without `ep` there is no expert parallelism. */
export function optionsOf({ gpus, dp, cp, tp, pp, ep = 1, etp, redundant }: MemorySetup): PlacementOptions {
  return { world: gpus, dp, cp, tp, pp, ep, etp, redundant };
}

/** The mesh that memory counts with, of a placement. */
export function meshOf({ sizes, mesh, stages }: Pick<Placement, 'sizes' | 'mesh' | 'stages'>): MemoryMesh {
  const { world } = mesh;
  return { gpus: world, ...sizes, edp: world / (sizes.ep * sizes.etp * sizes.pp), stages };
}

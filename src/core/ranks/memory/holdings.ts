import type { MemoryFramework, MemoryMesh } from './setup.ts';
import type { ModelShape } from './shape.ts';

/** Parameters of one rank, by what of them it holds. ZeRO and Megatron cut gradients and states where weights stay whole. */
export interface Held {
  readonly weights: number;
  readonly gradients: number;
  readonly optimizer: number;
}

/** One pipeline stage's parameters on its fullest rank, cut as a framework cuts them. */
export interface Holdings {
  readonly experts: Held;
  readonly dense: Held;
  /** Of the stage's dense parameters: embedding and head alone, after tensor parallelism and before any other cut. */
  readonly ends: number;
  /** The largest layer's dense parameters and routed experts, after tensor and expert parallelism, before data parallelism. */
  readonly layer: { readonly dense: number; readonly experts: number };
  readonly layers: number;
  readonly moeLayers: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

export interface HoldingOptions {
  readonly dense: 'sharded' | 'replicated';
  readonly zero: 0 | 1 | 2 | 3;
}

/** What each pipeline stage's fullest rank holds: first, middle (the largest of them) and last. */
export function holdingsOf(
  framework: MemoryFramework,
  mesh: MemoryMesh,
  shape: ModelShape,
  options: HoldingOptions,
): Holdings[] {
  const { stages } = mesh;
  const middle = stages.slice(1, -1);
  const largest = middle.length > 0 ? [stages.indexOf(Math.max(...middle), 1)] : [];
  const numbers = [...new Set([0, ...largest, stages.length - 1])];
  return numbers.map((stage) => stageHoldings(framework, mesh, shape, options, stage));
}

function stageHoldings(
  framework: MemoryFramework,
  mesh: MemoryMesh,
  shape: ModelShape,
  options: HoldingOptions,
  stage: number,
): Holdings {
  const { parameters, layers: all } = shape;
  const { tp, ep, etp, stages } = mesh;
  const layers = stages[stage] ?? all;
  const part = layers / all;
  const [isFirst, isLast] = [stage === 0, stage === stages.length - 1];
  const cut = (parameters.attention + parameters.mlp + parameters.shared) / tp;
  const whole = parameters.norm + parameters.router + parameters.other;
  const tiedHead = parameters.head === 0 && !isFirst ? parameters.embedding : 0;
  const ends = ((isFirst ? parameters.embedding : 0) + (isLast ? parameters.head + tiedHead : 0)) / tp;
  const experts = (parameters.routed * part) / (expertCut(framework, mesh, shape) * etp);
  const dense = (cut + whole) * part + ends;
  const perLayer = shape.moeLayers === 0 ? 0 : parameters.routed / shape.moeLayers / (ep * etp);
  return {
    ...heldParts(framework, mesh, options, dense, experts),
    ends,
    layer: { dense: (cut + whole) / all, experts: perLayer },
    layers,
    moeLayers: shape.moeLayers * part,
    isFirst,
    isLast,
  };
}

/** vLLM alone deals unevenly: its fullest rank holds one expert more. */
function expertCut(framework: MemoryFramework, { ep }: MemoryMesh, { experts }: ModelShape): number {
  return framework === 'vllm' && experts > 0 ? experts / Math.ceil(experts / ep) : ep;
}

function heldParts(
  framework: MemoryFramework,
  mesh: MemoryMesh,
  options: HoldingOptions,
  dense: number,
  experts: number,
): Pick<Holdings, 'dense' | 'experts'> {
  const { gpus, dp, cp, tp, pp, ep, edp } = mesh;
  const ranks = gpus / pp;
  const replicated = options.dense === 'replicated';
  switch (framework) {
    case 'fsdp2':
    case 'transformers-4.57': {
      const over = replicated ? Math.max(ranks / tp / ep, 1) : dp * cp;
      return { dense: even(dense / over), experts: even(experts / edp) };
    }
    case 'transformers-5':
      return { dense: even(dense / (replicated ? dp : dp * ep)), experts: even(experts / dp) };
    case 'torchtitan':
      return { dense: even(dense / (dp * cp)), experts: even(experts / edp) };
    case 'megatron-core':
      return {
        dense: { weights: dense, gradients: dense, optimizer: dense / (dp * cp) },
        experts: { weights: experts, gradients: experts, optimizer: experts / edp },
      };
    case 'deepspeed':
      return { dense: zeroed(dense, gpus, options.zero), experts: zeroed(experts, gpus, options.zero) };
    case 'deepspeed-moe':
      return { dense: zeroed(dense, gpus, 2), experts: zeroed(experts, edp, 2) };
    case 'vllm':
    case 'sglang':
      return { dense: even(dense), experts: even(experts) };
  }
}

function even(count: number): Held {
  return { weights: count, gradients: count, optimizer: count };
}

/** ZeRO's stages: 1 cuts optimizer states, 2 gradients too, 3 weights too. */
function zeroed(count: number, ranks: number, stage: 0 | 1 | 2 | 3): Held {
  const from = (least: number) => (stage >= least ? count / ranks : count);
  return { weights: from(3), gradients: from(2), optimizer: from(1) };
}

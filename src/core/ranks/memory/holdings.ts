import { axisSize } from '../mesh.ts';
import { expertShare, type StagedPlacement } from '../placement.ts';
import type { Held, HoldingOptions, MemoryRules } from './rules.ts';
import { meshOf } from './setup.ts';
import type { ModelShape } from './shape.ts';

/** One pipeline stage's parameters on its fullest rank, cut as a framework cuts them. */
export interface Holdings {
  /** Number of the stage. */
  readonly stage: number;
  readonly experts: Held;
  readonly dense: Held;
  /** Of the stage's dense parameters: embedding and head alone, after tensor parallelism and before any other cut. */
  readonly ends: number;
  /** A layer's dense parameters on average, and a layer's routed experts, after tensor and expert parallelism, before data parallelism. */
  readonly layer: { readonly dense: number; readonly experts: number };
  readonly layers: number;
  readonly moeLayers: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** What each pipeline stage's fullest rank holds: first, middle (the largest of them) and last. */
export function holdingsOf(
  rules: MemoryRules,
  placement: StagedPlacement,
  shape: ModelShape,
  options: HoldingOptions,
): Holdings[] {
  const { stages } = placement;
  const middle = stages.slice(1, -1);
  const largest = middle.length > 0 ? [stages.indexOf(Math.max(...middle), 1)] : [];
  const numbers = [...new Set([0, ...largest, stages.length - 1])];
  return numbers.map((stage) => stageHoldings(rules, placement, shape, options, stage));
}

function stageHoldings(
  rules: MemoryRules,
  placement: StagedPlacement,
  shape: ModelShape,
  options: HoldingOptions,
  stage: number,
): Holdings {
  const { parameters, layers: all } = shape;
  const { sizes, stages } = placement;
  const { tp, ep, etp } = sizes;
  const first = stages.slice(0, stage).reduce((sum, count) => sum + count, 0);
  const layers = stages[stage] ?? all;
  const moeLayers = shape.sparseLayers.filter((layer) => layer >= first && layer < first + layers).length;
  const [isFirst, isLast] = [stage === 0, stage === stages.length - 1];
  // Every layer has attention and norms; routers and shared experts stand in layers with experts, MLPs in the others.
  const repeated = placement.dense.repeatsKv ? repeatedHeads(shape, tp) : 0;
  const always =
    parameters.attention / tp / all + repeated + (parameters.norm - shape.finalNorm + parameters.other) / all;
  const beside = share(parameters.shared / tp + parameters.router, shape.moeLayers);
  const mlp = share(parameters.mlp / tp, all - shape.moeLayers);
  const tiedHead = parameters.head === 0 && !isFirst ? parameters.embedding : 0;
  const ends = ((isFirst ? parameters.embedding : 0) + (isLast ? parameters.head + tiedHead : 0)) / tp;
  const routed = share(parameters.routed, shape.moeLayers) / etp;
  const dense =
    always * layers + beside * moeLayers + mlp * (layers - moeLayers) + ends + (isLast ? shape.finalNorm : 0);
  const fullest = fullestShares(placement);
  const held = rules.cut(meshOf(placement), options);
  return {
    stage,
    dense: held.dense(dense),
    experts: held.experts(routed * moeLayers * fullest.placed, routed * moeLayers * fullest.whole),
    ends,
    layer: {
      dense: always + (beside * shape.moeLayers + mlp * (all - shape.moeLayers)) / all,
      experts: routed / ep,
    },
    layers,
    moeLayers,
    isFirst,
    isLast,
  };
}

/** Parameters of a layer's keys and values that a rank holds beyond its part: heads repeat where ranks are more. */
function repeatedHeads({ kvHeads, headDim, hidden, cache }: ModelShape, tp: number): number {
  const plain = cache.elements === 2 * kvHeads * headDim;
  return plain && tp > kvHeads ? 2 * headDim * hidden * (1 - kvHeads / tp) : 0;
}

function share(count: number, layers: number): number {
  return layers > 0 ? count / layers : 0;
}

/** Shares of a layer's experts that the fullest rank keeps, and that its expert-parallel rank has before data parallelism. */
function fullestShares(placement: StagedPlacement): { readonly placed: number; readonly whole: number } {
  const [layer] = placement.layers;
  if (!layer) return { placed: 0, whole: 0 };
  const counts = layer.slots.map((slots) => slots.length);
  const most = Math.max(...counts);
  const inner = { index: 0, of: axisSize(placement.mesh, placement.cuts.inner) };
  const { experts, rows } = expertShare(placement, { ep: counts.indexOf(most), inner }, layer);
  return { placed: experts.length / rows.of / layer.experts, whole: most / layer.experts };
}

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
  /** The stage's dense parameters after tensor parallelism and before any other cut. */
  readonly whole: number;
  /** A layer of each kind that the stage has, after tensor and expert parallelism, before data parallelism. */
  readonly kinds: readonly LayerKind[];
  readonly layers: number;
  readonly moeLayers: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** Parameters of one decoder layer: with routed experts or without. */
export interface LayerKind {
  readonly dense: number;
  readonly experts: number;
}

/** What the fullest rank of pipeline stages holds: of the first and the last, and of middle ones that differ. */
export function holdingsOf(
  rules: MemoryRules,
  placement: StagedPlacement,
  shape: ModelShape,
  options: HoldingOptions,
): Holdings[] {
  const { stages } = placement;
  const seen = new Set<string>();
  const numbers = stages.flatMap((layers, stage) => {
    if (stage === 0 || stage === stages.length - 1) return [stage];
    // Of stages that are alike the earliest has most micro batches in flight.
    const kind = `${layers}/${sparseIn(stages, shape, stage)}`;
    return seen.has(kind) ? [] : [seen.add(kind) && stage];
  });
  return numbers.map((stage) => stageHoldings(rules, placement, shape, options, stage));
}

/** Layers with routed experts of a stage. */
function sparseIn(stages: readonly number[], { sparseLayers }: ModelShape, stage: number): number {
  const first = stages.slice(0, stage).reduce((sum, count) => sum + count, 0);
  const end = first + (stages[stage] ?? 0);
  return sparseLayers.filter((layer) => layer >= first && layer < end).length;
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
  const { tp, attnTp = tp, ep, etp } = sizes;
  const layers = stages[stage] ?? all;
  const moeLayers = sparseIn(stages, shape, stage);
  const [isFirst, isLast] = [stage === 0, stage === stages.length - 1];
  // Every layer has attention and norms; routers and shared experts stand in layers with experts, MLPs in the others.
  const repeated = placement.dense.repeatsKv ? repeatedHeads(shape, attnTp) : 0;
  const latent = shape.latent.parameters;
  const attention = (parameters.attention - latent) / attnTp + latent;
  const always = attention / all + repeated + (parameters.norm - shape.finalNorm + parameters.other) / all;
  const beside = share(parameters.shared / tp + parameters.router, shape.moeLayers);
  const mlp = share(parameters.mlp / tp, all - shape.moeLayers);
  const tiedHead = parameters.head === 0 && !isFirst ? parameters.embedding : 0;
  const ends = (isFirst ? parameters.embedding / attnTp : 0) + (isLast ? (parameters.head + tiedHead) / tp : 0);
  const routed = share(parameters.routed, shape.moeLayers) * expertPart(placement.units, etp);
  const dense =
    always * layers + beside * moeLayers + mlp * (layers - moeLayers) + ends + (isLast ? shape.finalNorm : 0);
  const fullest = fullestShares(placement);
  const held = rules.cut(meshOf(placement), options);
  return {
    stage,
    dense: held.dense(dense),
    experts: held.experts(routed * moeLayers * fullest.placed, routed * moeLayers * fullest.whole),
    ends,
    whole: dense,
    kinds: [
      ...(moeLayers > 0 ? [{ dense: always + beside, experts: routed / ep }] : []),
      ...(layers > moeLayers ? [{ dense: always + mlp, experts: 0 }] : []),
    ],
    layers,
    moeLayers,
    isFirst,
    isLast,
  };
}

/** The largest part of an expert that a rank of expert tensor parallelism has. */
function expertPart(units: number | null, etp: number): number {
  return units === null ? 1 / etp : Math.ceil(units / etp) / units;
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

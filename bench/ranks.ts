/** Switching expert parallelism at 94 layers × 128 experts × 64 ranks, from choice to what is painted: one JSON line, medians in milliseconds. */
import { heldBytes, rankReads } from '../src/core/ranks/bytes.ts';
import { imbalance, ownerMatrix, planPlacement } from '../src/core/ranks/placement.ts';
import { qwen3Model } from '../src/core/ranks/qwen3-235b.fixture.ts';
import { expertsOf, type RankModel, summarize } from '../src/core/ranks/summary.ts';
import type { Placement, PlacementOptions } from '../src/core/ranks/types.ts';

const RUNS = 21;
const RANKS = 64;
/** What the app promises from a click to paint, computation included. */
const GOAL_MS = 50;

function median(values: readonly number[]): number {
  const middle = [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  return Math.round(middle * 100) / 100;
}

function time(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function placementOf(model: RankModel, options: PlacementOptions): Placement {
  const placement = planPlacement(options, model.facts);
  if ('error' in placement) throw new Error(placement.error);
  return placement;
}

/** What every view needs after a switch: placement, colours, bars, experts and evenness; and one rank's ranges. */
function switchTo(model: RankModel, options: PlacementOptions): number {
  const placement = placementOf(model, options);
  const { owners } = ownerMatrix(placement);
  const bars = heldBytes(model.stock, placement);
  const experts = placement.ranks.map(({ rank }) => expertsOf(placement, rank));
  const { reads } = rankReads(model.stock, placement, 0);
  return owners.length + bars.length + experts.length + reads.length + imbalance(placement).experts;
}

function measure(layout: 'per-expert' | 'stacked') {
  const start = performance.now();
  const model = qwen3Model(layout, layout === 'per-expert' ? 4e9 : 5e9);
  const made = performance.now() - start;
  const turns = [8, 16, 32, RANKS];
  const runs = Array.from({ length: RUNS }, (_, run) => {
    const ep = turns[run % turns.length] ?? RANKS;
    return time(() => switchTo(model, { framework: 'torchtitan', ep, dp: RANKS }));
  });
  const options = { framework: 'transformers-5', ep: RANKS } as const;
  const all = Array.from({ length: 5 }, () => time(() => summarize(model, options)));
  return {
    tensors: model.stock.tensors.length,
    checkpoint_and_model_ms: Math.round(made),
    switch_ms: median(runs),
    switch_first_ms: Math.round((runs[0] ?? 0) * 100) / 100,
    every_ranks_ranges_ms: median(all),
  };
}

const apart = measure('per-expert');
const fused = measure('stacked');
const line = {
  bench: 'ranks',
  layers: 94,
  experts: 128,
  ranks: RANKS,
  runs: RUNS,
  goal_ms: GOAL_MS,
  per_expert: apart,
  stacked: fused,
};
console.log(JSON.stringify(line));

import { planPlacement, type RankOptions } from '../programs/placing.ts';
import { placed } from './facts.fixture.ts';
import { expertShare } from './placement.ts';
import type { ModelFacts } from './types.ts';

/** Experts of every rank as text: `0-3,6`, slots in their order where that is not one run. */
export function held(options: RankOptions, facts: ModelFacts): string[] {
  const placement = placed(planPlacement(options, facts));
  return placement.ranks.map((place) => {
    const [layer] = placement.layers;
    if (!layer) throw new Error('no layer');
    return runs(expertShare(placement, place, layer).experts);
  });
}

function runs(experts: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const expert of experts) {
    const last = parts.at(-1);
    if (last && last[1] + 1 === expert) last[1] = expert;
    else parts.push([expert, expert]);
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

import { expect, test } from 'vitest';
import { planPlacement, type RankOptions } from '../programs/placing.ts';
import { factsOf, placed } from './facts.fixture.ts';
import { expertMoves } from './moves.ts';
import { expertShare, holdsLayer } from './placement.ts';
import type { Placement } from './types.ts';

const place = (options: RankOptions, moe = 4) => placed(planPlacement(options, factsOf(8, { moe })));

/** The same count without any short cut. */
function slow(from: Placement, to: Placement) {
  let [copies, stay] = [0, 0];
  for (const there of to.ranks)
    for (const [at, layer] of to.layers.entries()) {
      const here = from.ranks[there.rank];
      const old = from.layers[at];
      const had =
        here && old && holdsLayer(from, here, old.index)
          ? expertShare(from, here, old).experts
          : ([] as readonly number[]);
      if (!holdsLayer(to, there, layer.index)) continue;
      for (const expert of expertShare(to, there, layer).experts) {
        copies++;
        if (had.includes(expert)) stay++;
      }
    }
  return { copies, stay };
}

test('experts that the same rank holds on both sides stay', () => {
  const rollout = place({ framework: 'vllm', tp: 4, ep: 4 });
  expect(expertMoves(place({ framework: 'megatron-core', world: 4, ep: 4 }), rollout)).toEqual({
    copies: 32,
    stay: 32,
  });
  // Two stages of two layers: each rank trains four experts of half of the layers.
  const staged = place({ framework: 'megatron-core', world: 4, ep: 2, pp: 2 });
  expect(expertMoves(staged, rollout)).toEqual(slow(staged, rollout));
  expect(expertMoves(staged, rollout)).toEqual({ copies: 32, stay: 8 });
});

test.each([
  [
    { framework: 'torchtitan', world: 8, ep: 2 },
    { framework: 'sglang', tp: 8, ep: 8 },
  ],
  [
    { framework: 'megatron-core', world: 8, tp: 2, ep: 2, pp: 2 },
    { framework: 'vllm', tp: 8, ep: 1 },
  ],
  [
    { framework: 'axolotl', ep: 2, dp: 2 },
    { framework: 'vllm', tp: 8, ep: 8 },
  ],
] as const)('%o and %o are counted as rank by rank', (from, to) => {
  expect(expertMoves(place(from), place(to))).toEqual(slow(place(from), place(to)));
});

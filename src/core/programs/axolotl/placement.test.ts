import { describe, expect, it } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { expertShare, planPlacement } from '../../ranks/placement.ts';
import type { PlacementOptions } from '../../ranks/types.ts';
import { axolotl } from './program.ts';

const plan = (options: PlacementOptions, experts = 8) => planPlacement(axolotl, options, factsOf(experts));

function shares(options: PlacementOptions, experts = 8): (readonly number[])[] {
  const placement = placed(plan(options, experts));
  return placement.ranks.map((place) => expertShare(placement, place, placement.layers[0] as never).experts);
}

describe('axolotl', () => {
  it('puts expert parallelism outermost and cuts each block over dp_shard', () => {
    expect(shares({ ep: 2, dp: 2 })).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
    expect(placed(plan({ ep: 2, dp: 2 })).ranks.map(({ fsdp }) => [fsdp.index, fsdp.of])).toEqual([
      [0, 4],
      [1, 4],
      [2, 4],
      [3, 4],
    ]);
  });

  it('cuts experts over context parallelism where there is no dp_shard, and not at all in pure expert parallelism', () => {
    expect(shares({ ep: 2, cp: 2 })).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
    expect(shares({ ep: 2, cp: 2, dp: 2 }).map(([first]) => first)).toEqual([0, 0, 2, 2, 4, 4, 6, 6]);
    const pure = placed(plan({ ep: 4 }));
    expect(pure.ranks.every(({ fsdp, inner }) => fsdp.of === 1 && inner.of === 1)).toBe(true);
  });

  it('leaves the last ranks of a block empty where shards are more than experts', () => {
    expect(shares({ ep: 2, dp: 4 }, 6)).toEqual([[0], [1], [2], [], [3], [4], [5], []]);
    expect(placed(plan({ ep: 2, dp: 4 }, 6)).warnings.join()).toMatch(/3 experts of a block are fewer than 4 shards/);
  });

  it('fills a world without expert parallelism by shards', () => {
    expect(placed(plan({ world: 8, cp: 2, own: { dp_replicate_size: 2 } })).sizes).toMatchObject({
      dp: 2,
      cp: 2,
      ep: 1,
    });
  });

  it('fills a world that shards leave by replicas', () => {
    const { mesh, sizes } = placed(plan({ world: 8, dp: 2 }));
    expect(sizes.dp).toBe(2);
    expect(mesh.grids[0]?.find(({ name }) => name === 'dp_replicate')?.size).toBe(4);
  });

  it.each([
    [
      { world: 8, ep: 2, dp: 2 },
      'expert_parallel_size (2) * dp_shard_size (2) * tensor_parallel_size (1) * context_parallel_size (1) = 4, but world_size = 8. The product must equal the world size for orthogonal mesh axes to be valid.',
    ],
    [
      { world: 8, ep: 4, tp: 2 },
      'expert_parallel_size (4) < world_size (8) without dp_shard_size/context_parallel_size > 1 to fill the remaining axes is not supported. Set dp_shard_size and/or context_parallel_size such that ep × cp × dp_shard == world_size, or set expert_parallel_size = world_size for pure EP.',
    ],
    [
      { world: 8, ep: 2, dp: 2, tp: 2 },
      'EP × TP composition not yet supported. Got ep=2, dp_shard=2, tp=2, cp=1. Supported: EP, EP × dp_shard, EP × cp, EP × cp × dp_shard.',
    ],
    [
      { world: 3, ep: 3 },
      "Expert module 'model.layers.0.mlp.experts': num_experts=8 not divisible by ep_size=3. Adjust the model config or ep_size.",
    ],
    [
      { world: 8, dp: 2, own: { dp_replicate_size: 2 } },
      "The configured parallelisms are incompatible with the current world size (8)!\n{'dp_replicate_size': 2, 'dp_shard_size': 2}",
    ],
    [{ pp: 2 }, 'axolotl has no pipeline parallelism; leave pp at 1.'],
  ] as const)('refuses %o', (options, error) => {
    expect(plan(options)).toEqual({ error });
  });
});

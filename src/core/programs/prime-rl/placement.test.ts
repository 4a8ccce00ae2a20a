import { describe, expect, it } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { expertShare, planPlacement } from '../../ranks/placement.ts';
import { readSettings } from '../../ranks/settings.ts';
import type { PlacementOptions } from '../../ranks/types.ts';
import { primeRl } from './program.ts';

const plan = (options: PlacementOptions, experts = 8) => planPlacement(primeRl, options, factsOf(experts));

describe('prime-rl', () => {
  it('takes context parallelism into expert parallelism, inside one replica', () => {
    const { ranks } = placed(plan({ world: 8, ep: 2, cp: 2, own: { dp_replicate: 2 } }));
    expect(ranks.map(({ coords }) => [coords.dp_replicate, coords.dp_shard_mod_ep, coords.ep])).toEqual([
      [0, 0, 0],
      [0, 0, 1],
      [0, 1, 0],
      [0, 1, 1],
      [1, 0, 0],
      [1, 0, 1],
      [1, 1, 0],
      [1, 1, 1],
    ]);
  });

  it('cuts a block of experts over the shards that share it', () => {
    const placement = placed(plan({ world: 8, ep: 4 }));
    const shares = placement.ranks.map((place) => expertShare(placement, place, placement.layers[0] as never).experts);
    expect(shares).toEqual([[0], [2], [4], [6], [1], [3], [5], [7]]);
  });

  it('takes the ranks of a replica where ep is auto or not named, eight at most', () => {
    const ep = (options: PlacementOptions, experts?: number) => placed(plan(options, experts)).sizes.ep;
    expect(ep({ world: 16 }, 16)).toBe(8);
    expect(ep({ world: 8, own: { ep: 'auto', dp_replicate: 2 } })).toBe(4);
    expect(ep({ world: 1 })).toBe(1);
    expect(readSettings(primeRl, ['ep=auto'])).toEqual({ options: { own: { ep: 'auto' } }, model: {} });
    expect(readSettings(primeRl, ['ep=4'])).toEqual({ options: { ep: 4 }, model: {} });
  });

  it('deals experts that do not divide in chunks, and says that nothing checks it', () => {
    const { layers, warnings } = placed(plan({ world: 4, ep: 4 }, 9));
    expect(layers[0]?.slots.map((slots) => slots.length)).toEqual([3, 3, 3, 0]);
    expect(warnings.join()).toMatch(/does not check that 9 experts divide by 4/);
  });

  it.each([
    [{ world: 8, dp: 3 }, 'Invalid parallel dims: dp_replicate(1) * dp_shard(3) * cp(1) * pp(1) != WORLD_SIZE(8)'],
    [{ world: 8, ep: 3 }, 'assert ep % cp == 0 and (dp_shard * cp) % ep == 0'],
    [{ world: 8, ep: 2, cp: 4 }, 'assert ep % cp == 0 and (dp_shard * cp) % ep == 0'],
    [{ world: 8, ep: 8, own: { dp_replicate: 2 } }, 'assert ep % cp == 0 and (dp_shard * cp) % ep == 0'],
    [{ world: 12, own: { ep: 'auto' } }, 'assert ep % cp == 0 and (dp_shard * cp) % ep == 0'],
    [{ tp: 2 }, 'prime-rl has no tensor parallelism; leave tp at 1.'],
  ] as const)('refuses %o', (options, error) => {
    expect(plan(options)).toEqual({ error });
  });
});

import { describe, expect, it } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { expertShare, planPlacement } from '../../ranks/placement.ts';
import type { PlacementOptions } from '../../ranks/types.ts';
import { veomni } from './program.ts';

const plan = (options: PlacementOptions, experts = 8) => planPlacement(veomni, options, factsOf(experts));

describe('VeOmni', () => {
  it('keeps expert parallelism inside a replica, Ulysses ranks included', () => {
    const { ranks, sizes } = placed(plan({ world: 8, ep: 4, own: { dp_replicate_size: 2, ulysses_size: 2 } }));
    expect(sizes).toMatchObject({ dp: 4, cp: 2, ep: 4 });
    expect(ranks.map(({ coords: { ep_replicate, ep_fsdp, ep } }) => [ep_replicate, ep_fsdp, ep])).toEqual(
      Array.from({ length: 8 }, (_, rank) => [Math.floor(rank / 4), 0, rank % 4]),
    );
  });

  it('leaves replicas to what shards do not take', () => {
    const { mesh } = placed(plan({ world: 8, ep: 2, own: { dp_shard_size: 2 } }));
    expect(mesh.grids[1]?.map(({ size }) => size)).toEqual([4, 1, 2]);
  });

  it('keeps a block of experts whole beside expert parallelism, and cuts experts by FSDP without', () => {
    const shares = (ep: number) => {
      const placement = placed(plan({ world: 4, ep }));
      return placement.ranks.map((place) => expertShare(placement, place, placement.layers[0] as never).experts.length);
    };
    expect(shares(2)).toEqual([4, 4, 4, 4]);
    expect(shares(1)).toEqual([2, 2, 2, 2]);
  });

  it.each([
    [
      { world: 8, own: { ulysses_size: 3 } },
      'World size should be a multiple of pp_size: 1, ulysses_size: 3, cp_size: 1, tp_size: 1.',
    ],
    [{ world: 8, tp: 2 }, 'Tensor parallel size not supported yet.'],
    [{ world: 8, pp: 2 }, 'Pipeline parallel size not supported yet.'],
    [
      { world: 8, own: { dp_replicate_size: 2, dp_shard_size: 2 } },
      'dp_size should be equal to dp_replicate_size: 2 * dp_shard_size: 2.',
    ],
    [{ world: 8, own: { dp_replicate_size: 3 } }, 'dp_size should be a multiple of dp_replicate_size.'],
    [{ world: 8, own: { dp_shard_size: 3 } }, 'dp_size should be a multiple of dp_shard_size.'],
    [{ world: 8, ep: 2, own: { ep_outside: true } }, 'ep is not supported when para_outside is True.'],
    [{ world: 8, ep: 8, own: { dp_replicate_size: 2 } }, 'ep_size(8) must be a factor of dp_shard_sp_size(4)'],
    [{ world: 8, ep: 2, cp: 2 }, 'Ring attention is not supported yet.'],
    [{ world: 8, dp: 2, ep: 2 }, 'The product of parallel sizes should be equal to the world size.'],
    [
      { world: 8, dp: 8, own: { dp_replicate_size: 2, dp_shard_size: 2 } },
      'The product of dp_replicate_size: 2 and dp_shard_size: 2 should be equal to dp_size: 8.',
    ],
    [{ world: 6, ep: 3 }, 'assert param.size(shard.dim) % para_size == 0'],
  ] as const)('refuses %o', (options, error) => {
    expect(plan(options)).toEqual({ error });
  });
});

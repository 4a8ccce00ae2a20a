import { describe, expect, it } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { expertShare, planPlacement } from '../../ranks/placement.ts';
import type { PlacementOptions } from '../../ranks/types.ts';
import { nemoAutomodel } from './program.ts';

const plan = (options: PlacementOptions, experts = 8, layers = 4) =>
  planPlacement(nemoAutomodel, options, factsOf(experts, { layers }));

describe('NeMo AutoModel', () => {
  it('lets expert parallelism span replicas', () => {
    const { ranks, warnings } = placed(plan({ world: 8, ep: 8, own: { dp_replicate_size: 2 } }));
    expect(ranks.map(({ coords }) => [coords.dp_replicate, coords.ep])).toEqual(
      Array.from({ length: 8 }, (_, rank) => [Math.floor(rank / 4), rank]),
    );
    expect(warnings.join()).toMatch(/spans data-parallel replicas/);
  });

  it('gives the first stages one layer more', () => {
    const { stages, ranks } = placed(plan({ world: 8, pp: 4, ep: 2 }, 8, 6));
    expect(stages).toEqual([2, 2, 1, 1]);
    expect(ranks.map(({ ep }) => ep)).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
  });

  it('keeps a block of experts whole beside expert parallelism, and cuts experts by FSDP without', () => {
    const shares = (ep: number) => {
      const placement = placed(plan({ world: 4, ep }));
      return placement.ranks.map((place) => expertShare(placement, place, placement.layers[0] as never).experts.length);
    };
    expect(shares(2)).toEqual([4, 4, 4, 4]);
    expect(shares(1)).toEqual([2, 2, 2, 2]);
  });

  it('finds data parallelism that its replicas fit in where no world is named', () => {
    const { mesh, sizes } = placed(plan({ ep: 4, own: { dp_replicate_size: 4 } }));
    expect([mesh.world, sizes.dp]).toEqual([8, 8]);
  });

  it.each([
    [{ world: 8, tp: 3 }, 'world_size (8) must be divisible by (tp_size * cp_size * pp_size) (3 * 1 * 1 = 3)'],
    [{ world: 8, own: { dp_replicate_size: 3 } }, 'dp_size must be a multiple of dp_replicate_size'],
    [
      { world: 4, own: { dp_replicate_size: 4 } },
      'dp_replicate_size=4 must be less than dp_size=4 since DDP usecase is not supported by FSDP2',
    ],
    [{ world: 8, pp: 2, ep: 8 }, 'non_pp_size=4 must be a multiple of ep_size=8'],
    [{ world: 6, ep: 3 }, 'Number of experts must be divisible by ep_size (ep_size=3)'],
  ] as const)('refuses %o', (options, error) => {
    expect(plan(options)).toEqual({ error });
  });
});

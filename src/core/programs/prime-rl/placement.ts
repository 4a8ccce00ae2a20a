import { dataParallel, degree, timesToDivide } from '../../ranks/deal.ts';
import { axis, chunk, meshOf } from '../../ranks/mesh.ts';
import { countOf, wordOf } from '../../ranks/settings.ts';
import { restToLast } from '../../ranks/stages.ts';
import type { PlacementError, PlacementOptions, PlacementRules, Sizes } from '../../ranks/types.ts';

/** The most ranks that `ep = "auto"` takes. */
const AUTO_MOST = 8;

function replicas(options: PlacementOptions): number {
  return countOf(options, 'dp_replicate');
}

function isAuto(options: PlacementOptions): boolean {
  return options.ep === undefined || wordOf(options, 'ep', '') === 'auto';
}

/** `resolve_ep`: the ranks of one replica, eight at most; neither experts nor context parallelism are looked at. */
function expertDegree(options: PlacementOptions, world: number): number {
  return options.ep ?? Math.max(Math.min(Math.floor(world / replicas(options)), AUTO_MOST), 1);
}

/** `torch.chunk` along experts: nothing asks that they divide. */
function blocks(experts: number, ep: number): number[][] {
  return Array.from({ length: ep }, (_, index) => {
    const [start, end] = chunk(experts, { index, of: ep });
    return Array.from({ length: end - start }, (_each, at) => start + at);
  });
}

/** prime-rl's trainer: expert parallelism of shards and of all context-parallel ranks, inside one replica. */
export const placement: PlacementRules = {
  version: '559b447 (2026-08-21)',
  source: 'PrimeIntellect-ai/prime-rl, src/prime_rl/trainer/parallel_dims.py and model.py',
  date: '2026-11-29',
  strategies: ['linear'],
  redundant: false,
  loading: 'slices',
  exchange: 'all-to-all',
  cuts: { ep: 'ep', inner: 'expert_fsdp', innerRowsWhenFew: false, etp: null, pp: 'pp', fsdp: 'dp_shard_cp', tp: null },
  inputs: { pp: 'Pipeline', cp: 'Context', dp: 'Data, sharded' },
  settings: {
    ep: { kind: 'count', of: 'ep', words: { auto: true }, title: 'Expert-parallel size, or auto' },
    ep_size: { kind: 'count', of: 'ep', words: { auto: true }, as: 'ep', title: 'Expert-parallel size, or auto' },
    dp_shard: { kind: 'count', of: 'dp', title: 'Data-parallel size, sharded' },
    dp_replicate: { kind: 'count', title: 'Replicas' },
    world_size: { kind: 'count', of: 'world', title: 'Number of ranks' },
  },
  inferred: ['dp'],
  sizes(options): Sizes | PlacementError {
    if (degree(options, 'tp') > 1) return { error: 'prime-rl has no tensor parallelism; leave tp at 1.' };
    const [pp, cp, replicate] = [degree(options, 'pp'), degree(options, 'cp'), replicas(options)];
    const others = pp * cp * replicate;
    const dp = dataParallel(options, others, timesToDivide(cp, options.ep ?? 1));
    const world = options.world ?? others * dp;
    if (others * dp !== world)
      return {
        error: `Invalid parallel dims: dp_replicate(${replicate}) * dp_shard(${dp}) * cp(${cp}) * pp(${pp}) != WORLD_SIZE(${world})`,
      };
    const ep = expertDegree(options, world);
    if (ep > 1 && !(ep % cp === 0 && (dp * cp) % ep === 0))
      return { error: 'assert ep % cp == 0 and (dp_shard * cp) % ep == 0' };
    return { dp, cp, tp: 1, pp, ep, etp: 1 };
  },
  mesh({ dp, cp, pp, ep }, options) {
    const outer = [axis('pp', pp), axis('dp_replicate', replicas(options))];
    if (ep === 1)
      return meshOf(
        [[...outer, axis('dp_shard', dp), axis('cp', cp)]],
        [
          { name: 'dp_shard_cp', of: ['dp_shard', 'cp'] },
          { name: 'expert_fsdp', of: ['dp_shard', 'cp'] },
          { name: 'ep', of: [] },
        ],
      );
    const grid = [...outer, axis('dp_shard_mod_ep', (dp * cp) / ep), axis('dp_shard_in_ep', ep / cp), axis('cp', cp)];
    return meshOf(
      [grid],
      [
        { name: 'ep', of: ['dp_shard_in_ep', 'cp'] },
        { name: 'dp_shard_cp', of: ['dp_shard_mod_ep', 'dp_shard_in_ep', 'cp'] },
        { name: 'expert_fsdp', of: ['dp_shard_mod_ep'] },
      ],
    );
  },
  limit: () => null,
  linear: blocks,
  densePlan: () => ({ kind: 'replicated', column: [], row: [], repeatsKv: false }),
  stages: restToLast,
  warnings({ options, facts, sizes: { dp, cp, pp, ep } }) {
    const out: string[] = [];
    const uneven = facts.moeLayers.find(({ experts }) => experts % ep !== 0);
    if (uneven)
      out.push(
        `prime-rl does not check that ${uneven.experts} experts divide by ${ep}: torch.chunk gives the last ranks fewer or none, and dispatching tokens needs equal blocks.`,
      );
    if (isAuto(options))
      out.push(
        `ep = "auto" is ${ep}: the ranks of a replica, ${AUTO_MOST} at most. Its documentation says that it is the largest divisor of the number of experts, but its code does not use that number.`,
      );
    const few = facts.moeLayers.find(({ experts }) => ep > 1 && experts / ep < (dp * cp) / ep);
    if (few) out.push('A block has fewer experts than FSDP ranks that share it, so the last ranks hold none.');
    if (pp > 1)
      out.push('The trainer always sets pp to 1. Its mesh supports pipeline stages, but its configuration does not.');
    return out;
  },
};

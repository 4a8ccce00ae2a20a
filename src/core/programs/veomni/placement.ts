import { degree, timesToDivide } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { countOf, flagOf } from '../../ranks/settings.ts';
import { restToLast } from '../../ranks/stages.ts';
import type { PlacementError, PlacementOptions, PlacementRules, Sizes } from '../../ranks/types.ts';

/** Sizes that are not given are 0 here, as VeOmni's own -1. */
const asked = (options: PlacementOptions, name: string) => countOf(options, name, 0);

/** Replicas of `dp` ranks: as given, or what the shards that are given leave. */
export function replicasOf(options: PlacementOptions, dp: number): number {
  const [replicate, shard] = [asked(options, 'dp_replicate_size'), asked(options, 'dp_shard_size')];
  return replicate > 0 ? replicate : shard > 0 ? dp / shard : 1;
}

/** `_validate_accelerator`, which works `dp_size` out of the world: how data parallelism is divided into replicas and shards. */
function dataFault(options: PlacementOptions, dp: number): string | null {
  const [replicate, shard] = [asked(options, 'dp_replicate_size'), asked(options, 'dp_shard_size')];
  if (replicate > 0 && shard > 0 && dp !== replicate * shard)
    return `dp_size should be equal to dp_replicate_size: ${replicate} * dp_shard_size: ${shard}.`;
  if (replicate > 0 && dp % replicate !== 0) return 'dp_size should be a multiple of dp_replicate_size.';
  if (shard > 0 && dp % shard !== 0) return 'dp_size should be a multiple of dp_shard_size.';
  return null;
}

/** VeOmni: expert parallelism over shards and Ulysses ranks of one replica. */
export const placement: PlacementRules = {
  version: 'd9774494 (2026-08-21)',
  source:
    'ByteDance-Seed/VeOmni, veomni/arguments/arguments_types.py, veomni/distributed/parallel_state.py, parallel_plan.py and torch_parallelize.py',
  date: '2026-11-29',
  strategies: ['linear'],
  redundant: false,
  loading: 'everything',
  exchange: 'all-to-all',
  cuts: { ep: 'ep', inner: 'expert_fsdp', innerRowsWhenFew: false, etp: null, pp: null, fsdp: 'dp_shard_sp', tp: null },
  inputs: { dp: 'Data' },
  settings: {
    ep_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
    ep_outside: { kind: 'flag', title: 'Expert parallelism outermost' },
    ulysses_size: { kind: 'count', title: 'Ulysses sequence-parallel size' },
    ulysses: { kind: 'count', as: 'ulysses_size', title: 'Ulysses sequence-parallel size' },
    dp_size: { kind: 'count', of: 'dp', title: 'Data-parallel size, replicas included' },
    dp_replicate_size: { kind: 'count', title: 'Replicas' },
    dp_replicate: { kind: 'count', as: 'dp_replicate_size', title: 'Replicas' },
    dp_shard_size: { kind: 'count', title: 'Shards of a replica' },
    dp_shard: { kind: 'count', as: 'dp_shard_size', title: 'Shards of a replica' },
    cp_size: { kind: 'count', of: 'cp', title: 'Ring attention' },
    tp_size: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
    pp_size: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size' },
    world_size: { kind: 'count', of: 'world', title: 'Number of ranks' },
  },
  inferred: ['dp'],
  sizes(options): Sizes | PlacementError {
    const [pp, cp, tp] = [degree(options, 'pp'), degree(options, 'cp'), degree(options, 'tp')];
    const [ep, ulysses] = [degree(options, 'ep'), countOf(options, 'ulysses_size')];
    const others = pp * ulysses * cp * tp;
    const { world } = options;
    if (world !== undefined && world % others !== 0)
      return {
        error: `World size should be a multiple of pp_size: ${pp}, ulysses_size: ${ulysses}, cp_size: ${cp}, tp_size: ${tp}.`,
      };
    if (tp !== 1) return { error: 'Tensor parallel size not supported yet.' };
    if (pp !== 1) return { error: 'Pipeline parallel size not supported yet.' };
    const replicate = Math.max(asked(options, 'dp_replicate_size'), 1);
    const least = (asked(options, 'dp_shard_size') || timesToDivide(ulysses * cp, ep)) * replicate;
    const dp = options.dp ?? (world === undefined ? least : world / others);
    const wrong = options.dp === undefined ? dataFault(options, dp) : null;
    if (wrong !== null) return { error: wrong };
    if (ep > 1 && flagOf(options, 'ep_outside')) return { error: 'ep is not supported when para_outside is True.' };
    const shared = (asked(options, 'dp_shard_size') || dp / replicate) * ulysses * cp;
    if (shared % ep !== 0) return { error: `ep_size(${ep}) must be a factor of dp_shard_sp_size(${shared})` };
    if (cp > 1) return { error: 'Ring attention is not supported yet.' };
    if (world !== undefined && others * dp !== world)
      return { error: 'The product of parallel sizes should be equal to the world size.' };
    // Only a state that is made by hand names its `dp_size`.
    if (dataFault(options, dp) !== null)
      return {
        error: `The product of dp_replicate_size: ${replicate} and dp_shard_size: ${Math.max(asked(options, 'dp_shard_size'), 1)} should be equal to dp_size: ${dp}.`,
      };
    return { dp, cp: ulysses, tp, pp, ep, etp: 1 };
  },
  mesh({ dp, cp: ulysses, ep }, options) {
    const replicate = replicasOf(options, dp);
    const shard = dp / replicate;
    const dense = [axis('dp_replicate', replicate), axis('dp_shard', shard), axis('ulysses', ulysses)];
    const experts = [axis('ep_replicate', replicate), axis('ep_fsdp', (shard * ulysses) / ep), axis('ep', ep)];
    const all = ['dp_shard', 'ulysses'];
    return meshOf(
      [dense, experts],
      [
        { name: 'dp_shard_sp', of: all },
        // Beside expert parallelism FSDP cuts inside experts (dim 1), else it cuts them like any other parameter.
        { name: 'expert_fsdp', of: ep > 1 ? [] : all },
      ],
    );
  },
  limit: ({ sizes: { ep }, facts }) =>
    facts.moeLayers.some(({ experts }) => experts % ep !== 0) ? 'assert param.size(shard.dim) % para_size == 0' : null,
  densePlan: () => ({ kind: 'replicated', column: [], row: [], repeatsKv: false }),
  stages: restToLast,
  warnings({ options, sizes: { dp, cp: ulysses, ep } }) {
    const share = ((dp / replicasOf(options, dp)) * ulysses) / ep;
    return ep > 1 && share > 1
      ? [
          `Each rank keeps all experts of its block: FSDP cuts dim 1 of every expert over ${share} ranks (ep_fsdp), and bytes of experts are those before that cut. With muon_expert_zero_comm it cuts along experts where they divide.`,
        ]
      : [];
  },
  loadingWarnings: () => [
    'Only rank 0 reads the tensors, and sends them to all other ranks. With ep_sharded_stream_load (and broadcast_model_weights_from_rank0 off) each rank reads its own experts.',
  ],
};

import { degree, timesToDivide } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { countOf } from '../../ranks/settings.ts';
import { restToFirstOnes } from '../../ranks/stages.ts';
import type { PlacementError, PlacementOptions, PlacementRules, Sizes } from '../../ranks/types.ts';

const TENSOR =
  'In AutoModel’s own mixture-of-experts models, tensor parallelism keeps attention and routers whole on every rank. It cuts only shared experts and lm_head; this cut is not counted.';

function replicas(options: PlacementOptions): number {
  return countOf(options, 'dp_replicate_size');
}

/** The least data parallelism that a mesh without a world takes: whole replicas, more ranks than those, room for `ep`. */
function leastData(others: number, ep: number, replicate: number): number {
  const step = timesToDivide(others, ep);
  let dp = step;
  while (dp % replicate !== 0 || (replicate > 1 && dp <= replicate)) dp += step;
  return dp;
}

/** NeMo AutoModel with FSDP2: experts over every rank of a pipeline stage, replicas included. */
export const placement: PlacementRules = {
  version: '36044ad3 (2026-08-22)',
  source:
    'NVIDIA-NeMo/Automodel, nemo_automodel/components/distributed/mesh_utils.py and components/moe/parallelizer.py, experts.py',
  date: '2026-11-29',
  strategies: ['linear'],
  redundant: false,
  loading: 'slices',
  exchange: 'all-to-all',
  cuts: { ep: 'ep', inner: 'expert_fsdp', innerRowsWhenFew: false, etp: null, pp: 'pp', fsdp: 'dp_shard_cp', tp: null },
  inputs: { tp: 'Tensor', pp: 'Pipeline', cp: 'Context', dp: 'Data' },
  settings: {
    ep_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
    tp_size: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
    pp_size: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size' },
    cp_size: { kind: 'count', of: 'cp', title: 'Context-parallel size' },
    dp_size: { kind: 'count', of: 'dp', title: 'Data-parallel size, replicas included' },
    dp_replicate_size: { kind: 'count', title: 'Replicas' },
    dp_replicate: { kind: 'count', as: 'dp_replicate_size', title: 'Replicas' },
    world_size: { kind: 'count', of: 'world', title: 'Number of ranks' },
  },
  inferred: ['dp'],
  sizes(options): Sizes | PlacementError {
    const [pp, cp, tp] = [degree(options, 'pp'), degree(options, 'cp'), degree(options, 'tp')];
    const [ep, replicate, { world }] = [degree(options, 'ep'), replicas(options), options];
    const other = tp * cp * pp;
    if (options.dp === undefined && world !== undefined && world % other !== 0)
      return {
        error: `world_size (${world}) must be divisible by (tp_size * cp_size * pp_size) (${tp} * ${cp} * ${pp} = ${other})`,
      };
    const dp = options.dp ?? (world === undefined ? leastData(cp * tp, ep, replicate) : world / other);
    if (dp % replicate !== 0) return { error: 'dp_size must be a multiple of dp_replicate_size' };
    if (replicate >= dp && replicate !== 1)
      return {
        error: `dp_replicate_size=${replicate} must be less than dp_size=${dp} since DDP usecase is not supported by FSDP2`,
      };
    const stage = dp * cp * tp;
    if (stage % ep !== 0) return { error: `non_pp_size=${stage} must be a multiple of ep_size=${ep}` };
    return { dp, cp, tp, pp, ep, etp: 1 };
  },
  mesh({ dp, cp, tp, pp, ep }, options) {
    const replicate = replicas(options);
    const dense = [
      axis('pp', pp),
      axis('dp_replicate', replicate),
      axis('dp_shard', dp / replicate),
      axis('cp', cp),
      axis('tp', tp),
    ];
    const experts = [axis('pp', pp), axis('ep_shard', (dp * cp * tp) / ep), axis('ep', ep)];
    return meshOf(
      [dense, experts],
      [
        { name: 'dp_shard_cp', of: ['dp_shard', 'cp'] },
        // Beside expert parallelism FSDP cuts inside experts (dim 1), else it cuts them like any other parameter.
        { name: 'expert_fsdp', of: ep > 1 ? [] : ['dp_shard', 'cp'] },
      ],
    );
  },
  limit: ({ sizes: { ep }, facts }) =>
    facts.moeLayers.some(({ experts }) => experts % ep !== 0)
      ? `Number of experts must be divisible by ep_size (ep_size=${ep})`
      : null,
  densePlan: () => ({ kind: 'replicated', column: [], row: [], repeatsKv: false }),
  stages: restToFirstOnes,
  warnings({ options, sizes: { dp, cp, tp, pp, ep } }) {
    const shards = (dp * cp * tp) / ep;
    const island = shards * ep;
    const out: string[] = [];
    if (ep > 1 && shards > 1)
      out.push(
        `Each rank keeps all experts of its block: FSDP cuts dim 1 of every expert over ${shards} ranks (ep_shard), and bytes of experts are those before that cut.`,
      );
    if (ep > island / replicas(options))
      out.push(
        'Expert parallelism spans data-parallel replicas here; torchtitan, VeOmni and prime-rl refuse such sizes.',
      );
    if (tp > 1) out.push(TENSOR);
    if (pp > 1)
      out.push(
        'The stages here are those of a schedule with one stage for each rank (1f1b). Other schedules use two or more.',
      );
    return out;
  },
};

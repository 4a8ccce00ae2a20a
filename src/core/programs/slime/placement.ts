import { degree, evenBlocks } from '../../ranks/deal.ts';
import { axis, meshInRuns, meshOf, placeRanks } from '../../ranks/mesh.ts';
import { countOf } from '../../ranks/settings.ts';
import { restToLast } from '../../ranks/stages.ts';
import type { Cuts, PlacementError, PlacementOptions, PlacementRules, Sizes } from '../../ranks/types.ts';
import { besideTraining, type TrainingSizes } from '../megatron/training-side.ts';

const CUTS: Cuts = { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: null, pp: null, fsdp: null, tp: 'tp' };

/** GPUs of each engine and where they begin, in the ranks of Megatron's world. */
export interface Engines {
  readonly counts: readonly number[];
  readonly offsets: readonly number[];
}

/** Whole numbers of a list option, negative ones too; undefined where it is absent, null where it is anything else. */
function numbers(options: PlacementOptions, name: string): readonly number[] | null | undefined {
  const value = options.own?.[name];
  if (value === undefined) return undefined;
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each)) ? value : null;
}

function engineSize(options: PlacementOptions): number {
  return degree(options, 'ep') * countOf(options, 'moe_dp_size');
}

/** Engines as given; without, as many as the world has room for, one behind the other as slime packs them. */
export function enginesOf(options: PlacementOptions): Engines | PlacementError {
  const [given, starts] = [numbers(options, 'engine_gpu_counts'), numbers(options, 'engine_gpu_offsets')];
  if (given === null || starts === null)
    return { error: 'engine_gpu_counts and engine_gpu_offsets are lists of whole numbers.' };
  const each = countOf(options, 'rollout_num_gpus_per_engine', engineSize(options));
  const room = options.world === undefined ? 1 : Math.max(Math.floor(options.world / Math.max(each, 1)), 1);
  const counts = given ?? Array.from({ length: starts?.length ?? room }, () => each);
  let next = 0;
  const packed = counts.map((count) => {
    next += count;
    return next - count;
  });
  return { counts, offsets: starts ?? packed };
}

/** `_get_expert_target_ranks`, in the order of its loop; lists of unequal length end it as Python's strict zip does. */
function engineFault(options: PlacementOptions, { counts, offsets }: Engines, world: number): string | null {
  const [ep, moeDp, size] = [degree(options, 'ep'), countOf(options, 'moe_dp_size'), engineSize(options)];
  for (const [at, count] of counts.entries()) {
    const offset = offsets[at];
    if (offset === undefined) return 'zip() argument 2 is shorter than argument 1';
    if (count !== size) return `SGLang MoE TP must be 1, got engine_size=${count}, EP=${ep}, MoE-DP=${moeDp}`;
    if (offset < 0 || offset + count > world) return 'SGLang engine is outside the Megatron world';
  }
  return offsets.length > counts.length ? 'zip() argument 2 is longer than argument 1' : null;
}

function worldOf(options: PlacementOptions, { counts, offsets }: Engines): number {
  return options.world ?? Math.max(...offsets.map((offset, at) => offset + (counts[at] ?? 0)), 1);
}

/** Sizes that Megatron trains with, by its own names; expert parallelism as in the rollout where none is named. */
export function trainingSizes(options: PlacementOptions): TrainingSizes {
  return {
    tp: countOf(options, 'tensor_model_parallel_size'),
    pp: countOf(options, 'pipeline_model_parallel_size'),
    cp: countOf(options, 'context_parallel_size'),
    ep: countOf(options, 'expert_model_parallel_size', degree(options, 'ep')),
    etp: countOf(options, 'expert_tensor_parallel_size'),
  };
}

const ROUTED =
  'slime sends each expert from a rank that trains it straight to the ranks that serve it: with one pipeline stage in SGLang, no tensor parallelism inside experts on both sides, no EPLB, no redundant experts and the trivial placement.';
const NOT_ROUTED =
  'slime logs "Disable rank-local expert update: SGLang/Megatron expert topology is not eligible" and sends every expert to every rank.';

/** slime's rollout: SGLang engines on runs of Megatron's ranks, to which experts are sent one by one. */
export const placement: PlacementRules = {
  version: '624b824 (2026-08-21)',
  source: 'THUDM/slime, slime/backends/megatron_utils/update_weight/expert_routing.py and update_weight_from_tensor.py',
  date: '2026-11-29',
  strategies: ['linear'],
  redundant: false,
  loading: 'everything',
  exchange: 'all-reduce',
  cuts: CUTS,
  inputs: {},
  settings: {
    ep_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size of SGLang' },
    sglang_ep_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size of SGLang' },
    moe_dp_size: { kind: 'count', title: 'Data-parallel size of experts in SGLang' },
    sglang_moe_dp_size: { kind: 'count', as: 'moe_dp_size', title: 'Data-parallel size of experts in SGLang' },
    engine_gpu_counts: { kind: 'json', title: 'GPUs of each engine' },
    engine_gpu_offsets: { kind: 'json', title: 'First rank of each engine' },
    rollout_num_gpus_per_engine: { kind: 'count', title: 'GPUs of an engine' },
    expert_model_parallel_size: { kind: 'count', title: 'Expert-parallel size of training' },
    expert_tensor_parallel_size: { kind: 'count', title: 'Tensor-parallel size inside experts, of training' },
    tensor_model_parallel_size: { kind: 'count', title: 'Tensor-parallel size of training' },
    pipeline_model_parallel_size: { kind: 'count', title: 'Pipeline-parallel size of training' },
    context_parallel_size: { kind: 'count', title: 'Context-parallel size of training' },
    world_size: { kind: 'count', of: 'world', title: 'Ranks of Megatron’s world' },
  },
  inferred: [],
  sizes(options): Sizes | PlacementError {
    const other = (['tp', 'pp', 'cp', 'dp', 'etp'] as const).find((name) => degree(options, name) > 1);
    if (other)
      return {
        error: `slime’s engines take no ${other} here: their size is ep_size × moe_dp_size, and training sizes have Megatron’s names.`,
      };
    const engines = enginesOf(options);
    if ('error' in engines) return engines;
    if (engines.counts.length === 0) return { error: 'There is no engine to place experts on.' };
    const wrong = engineFault(options, engines, worldOf(options, engines));
    if (wrong !== null) return { error: wrong };
    return { dp: 1, cp: 1, tp: engineSize(options), pp: 1, ep: degree(options, 'ep'), etp: 1 };
  },
  mesh({ tp, ep }, options) {
    const engine = meshOf([[axis('tp', tp)], [axis('moe_dp', tp / ep), axis('ep', ep)]]);
    const engines = enginesOf(options);
    return 'error' in engines ? engine : meshInRuns(engine, worldOf(options, engines), engines.offsets);
  },
  limit: ({ sizes: { ep }, facts }) =>
    facts.moeLayers.some(({ experts }) => experts % ep !== 0) ? 'num_experts must be divisible by SGLang EP' : null,
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: true }),
  stages: restToLast,
  warnings({ options, facts, mesh, sizes: { ep } }) {
    const ranks = placeRanks(mesh, CUTS).filter((place) => place.ep >= 0);
    const outside = mesh.world - ranks.length;
    const layers = facts.moeLayers.map((layer) => ({ ...layer, slots: evenBlocks(layer.experts, ep) }));
    const training = trainingSizes(options);
    return [
      ...(outside > 0
        ? [`${outside} of ${mesh.world} ranks are outside of every engine: they hold no experts and are not listed.`]
        : []),
      ep > 1 && training.etp === 1 ? ROUTED : NOT_ROUTED,
      ...besideTraining({ ranks, layers, stages: [facts.layers], cuts: CUTS }, mesh.world, training, facts),
    ];
  },
  loadingWarnings: () => ['Engines get their weights from the ranks that train.'],
};

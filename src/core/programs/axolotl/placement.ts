import { degree } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { countOf } from '../../ranks/settings.ts';
import { restToLast } from '../../ranks/stages.ts';
import type { PlacementError, PlacementOptions, PlacementRules, Sizes } from '../../ranks/types.ts';

function replicas(options: PlacementOptions): number {
  return countOf(options, 'dp_replicate_size');
}

/** `ExpertParallelPlugin._resolve_ep_group`: replicas are no factor of it. */
function expertSizes(options: PlacementOptions): Sizes | PlacementError {
  const [ep, shard] = [degree(options, 'ep'), degree(options, 'dp')];
  const [tp, cp] = [degree(options, 'tp'), degree(options, 'cp')];
  const product = ep * shard * tp * cp;
  const world = options.world ?? product;
  if (product !== world)
    return {
      error: `expert_parallel_size (${ep}) * dp_shard_size (${shard}) * tensor_parallel_size (${tp}) * context_parallel_size (${cp}) = ${product}, but world_size = ${world}. The product must equal the world size for orthogonal mesh axes to be valid.`,
    };
  if (ep !== world && shard === 1 && cp === 1)
    return {
      error: `expert_parallel_size (${ep}) < world_size (${world}) without dp_shard_size/context_parallel_size > 1 to fill the remaining axes is not supported. Set dp_shard_size and/or context_parallel_size such that ep × cp × dp_shard == world_size, or set expert_parallel_size = world_size for pure EP.`,
    };
  if (ep !== world && tp > 1)
    return {
      error: `EP × TP composition not yet supported. Got ep=${ep}, dp_shard=${shard}, tp=${tp}, cp=${cp}. Supported: EP, EP × dp_shard, EP × cp, EP × cp × dp_shard.`,
    };
  return { dp: shard, cp, tp, pp: 1, ep, etp: 1 };
}

/** Shards and replicas without expert parallelism, and how many ranks none of them takes. */
interface Filled {
  readonly shard: number;
  readonly replicate: number;
  readonly rest: number;
}

/** `_get_parallel_config_kwargs` with FSDP configured: what sizes leave of the world becomes shards, or else replicas. */
function fill(options: PlacementOptions): Filled {
  const [tp, cp, asked, given] = [
    degree(options, 'tp'),
    degree(options, 'cp'),
    replicas(options),
    degree(options, 'dp'),
  ];
  if (options.world === undefined) return { shard: given, replicate: asked, rest: 1 };
  const left = Math.floor(Math.floor(Math.floor(options.world / tp) / cp) / asked);
  if (left <= 1) return { shard: 1, replicate: asked, rest: 1 };
  if (given === 1) return { shard: left, replicate: asked, rest: 1 };
  const rest = Math.floor(left / given);
  if (rest > 1 && asked === 1) return { shard: given, replicate: rest, rest: 1 };
  return { shard: given, replicate: asked, rest };
}

function plainSizes(options: PlacementOptions): Sizes | PlacementError {
  const [tp, cp] = [degree(options, 'tp'), degree(options, 'cp')];
  const { shard, replicate, rest } = fill(options);
  if (rest <= 1) return { dp: shard, cp, tp, pp: 1, ep: 1, etp: 1 };
  const known = [
    ['tp_size', tp],
    ['cp_size', cp],
    ['dp_replicate_size', replicate],
    ['dp_shard_size', shard],
  ] as const;
  const said = known.filter(([, size]) => size > 1).map(([name, size]) => `'${name}': ${size}`);
  return {
    error: `The configured parallelisms are incompatible with the current world size (${options.world})!\n{${said.join(', ')}}`,
  };
}

/** Replicas of a mesh: those that were asked for beside expert parallelism, else what fills the world. */
export function replicasOf(options: PlacementOptions): number {
  return degree(options, 'ep') > 1 ? replicas(options) : fill(options).replicate;
}

/** axolotl with its plugin for expert parallelism: the outermost axis, data and context parallelism inside. */
export const placement: PlacementRules = {
  version: '067b021 (2026-07-24)',
  source:
    'axolotl-ai-cloud/axolotl, src/axolotl/integrations/expert_parallel, src/axolotl/utils/distributed.py and src/axolotl/monkeypatch/accelerate/parallelism_config.py',
  date: '2026-11-29',
  strategies: ['linear'],
  redundant: false,
  loading: 'everything',
  exchange: 'all-to-all',
  cuts: { ep: 'ep', inner: 'expert_fsdp', innerRowsWhenFew: false, etp: null, pp: null, fsdp: 'fsdp', tp: 'tp' },
  inputs: { tp: 'Tensor', cp: 'Context', dp: 'Data, sharded' },
  settings: {
    expert_parallel_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
    ep_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
    dp_shard_size: { kind: 'count', of: 'dp', title: 'Data-parallel size, sharded' },
    dp_shard: { kind: 'count', of: 'dp', title: 'Data-parallel size, sharded' },
    dp_replicate_size: { kind: 'count', title: 'Replicas' },
    dp_replicate: { kind: 'count', as: 'dp_replicate_size', title: 'Replicas' },
    context_parallel_size: { kind: 'count', of: 'cp', title: 'Context-parallel size' },
    tensor_parallel_size: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
    world_size: { kind: 'count', of: 'world', title: 'Number of ranks' },
  },
  inferred: [],
  sizes(options) {
    if (degree(options, 'pp') > 1) return { error: 'axolotl has no pipeline parallelism; leave pp at 1.' };
    return degree(options, 'ep') > 1 ? expertSizes(options) : plainSizes(options);
  },
  mesh({ dp, cp, tp, ep }, options) {
    const grid = [
      axis('ep', ep),
      axis('dp_replicate', replicasOf(options)),
      axis('dp_shard', dp),
      axis('cp', cp),
      axis('tp', tp),
    ];
    const all = ['ep', 'dp_shard', 'cp'];
    // Experts alone are cut inside their block: over dp_shard, else over cp. Pure expert parallelism runs under DDP.
    const inner = ep === 1 ? all : dp > 1 ? ['dp_shard'] : ['cp'];
    return meshOf(
      [grid],
      [
        { name: 'fsdp', of: dp * cp > 1 ? all : [] },
        { name: 'expert_fsdp', of: inner },
      ],
    );
  },
  limit({ sizes: { ep }, facts }) {
    const uneven = facts.moeLayers.find(({ experts }) => experts % ep !== 0);
    return uneven
      ? `Expert module '${uneven.prefix}.experts': num_experts=${uneven.experts} not divisible by ep_size=${ep}. Adjust the model config or ep_size.`
      : null;
  },
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: false }),
  stages: restToLast,
  warnings({ options, facts, sizes: { dp, ep } }) {
    const out: string[] = [];
    if (ep > 1)
      out.push(
        'axolotl uses expert parallelism as the outermost axis, so consecutive ranks hold the same experts. Without deep_ep it prints a warning and runs without expert parallelism.',
        'axolotl cuts only experts in one tensor for each layer (gate_up_proj and down_proj with three dimensions). For other classes, every rank holds all experts.',
      );
    if (ep > 1 && replicas(options) > 1)
      out.push(
        'axolotl does not include dp_replicate_size in the product of sizes that it checks for expert parallelism.',
      );
    const few = facts.moeLayers.find(({ experts }) => dp > 1 && experts / ep < dp);
    if (few)
      out.push(
        `${few.experts / ep} experts of a block are fewer than ${dp} shards, so the last ranks hold none of them.`,
      );
    return out;
  },
  loadingWarnings: ({ sizes: { ep } }) =>
    ep > 1 ? ['Rank 0 reads every expert and sends the blocks to all ranks.'] : [],
};

import type { Sizes } from '../ranks/types.ts';
import { parseCalls, parseCommand, parseYaml } from './config.fixture.ts';
import { TRAINING_READERS } from './training.fixture.ts';

/** What a program would make of a configuration: what absent options mean is the program's own rule. */
export interface ReadBack {
  readonly sizes: Partial<Sizes>;
  readonly strategy?: 'linear' | 'round-robin' | 'eplb';
  readonly redundant?: number;
  /** Decoder layers of each stage, where options decide it. */
  readonly stages?: readonly number[];
}

export interface Model {
  readonly layers: number;
  readonly expertGroups: number | null;
}

type Flags = Readonly<Record<string, unknown>>;

const size = (flags: Flags, name: string, usual = 1) => (flags[name] === undefined ? usual : Number(flags[name]));

/** vllm/config/parallel.py, expert_map_manager.py and default_loader.py, read 2026-11-29. */
function vllm(flags: Flags, { expertGroups }: Model): ReadBack {
  const [tp, dp] = [size(flags, '--tensor-parallel-size'), size(flags, '--data-parallel-size')];
  const [pp, cp] = [size(flags, '--pipeline-parallel-size'), size(flags, '--prefill-context-parallel-size')];
  const together = tp * dp * cp;
  const on = flags['--enable-expert-parallel'] === true && together > 1;
  const eplb = flags['--enable-eplb'] === true;
  if (eplb && !on) throw new Error('enable_expert_parallel must be True to use EPLB.');
  const { num_redundant_experts: redundant = 0 } = JSON.parse(String(flags['--eplb-config'] ?? '{}'));
  const asked = flags['--expert-placement-strategy'] ?? 'linear';
  const backend = String(flags['--all2all-backend'] ?? 'allgather_reducescatter');
  if (dp > 1 && cp > 1) throw new Error('PCP does not support data parallelism yet.');
  const kernels = dp * cp > 1;
  const kept =
    on && (expertGroups ?? 1) > 1 && !eplb && (!kernels || ['deepep_low_latency', 'nixl_ep'].includes(backend));
  const used = asked === 'round_robin' && kept ? 'round-robin' : 'linear';
  // The filter goes by what was asked for, the map of experts by what is used.
  if (flags['--enable-ep-weight-filter'] === true && !eplb && (asked === 'round_robin') !== (used === 'round-robin'))
    throw new Error('The weight filter skips experts that the rank holds.');
  return {
    sizes: { tp, dp, pp, cp, ep: on ? together : 1, etp: on ? 1 : together },
    strategy: eplb ? 'eplb' : used,
    redundant,
  };
}

/** sglang/srt/arg_groups, read 2026-11-29: every backend but the all-reduce sets `--ep-size` to `--tp-size`. */
function sglang(flags: Flags): ReadBack {
  const tp = size(flags, '--tp');
  const ep = (flags['--moe-a2a-backend'] ?? 'none') === 'none' ? size(flags, '--ep-size') : tp;
  const copies = size(flags, '--moe-dp-size');
  const dp = flags['--enable-dp-attention'] === true ? size(flags, '--dp-size') : 1;
  if (copies > 1 && size(flags, '--attn-cp-size') !== copies)
    throw new Error('attn_cp_size != moe_dp_size is only supported when moe_dp_size == 1');
  return {
    sizes: { tp, ep, etp: tp / ep / copies, dp, pp: size(flags, '--pp-size') },
    redundant: size(flags, '--ep-num-redundant-experts', 0),
  };
}

/** megatron/training/arguments.py: the expert size defaults to the tensor-parallel one; two flags count the ends as layers. */
function megatron(flags: Flags, { layers }: Model): ReadBack {
  const [tp, pp] = [size(flags, '--tensor-model-parallel-size'), size(flags, '--pipeline-model-parallel-size')];
  const ends = flags['--account-for-embedding-in-pipeline-split'] === true ? 1 : 0;
  const loss = flags['--account-for-loss-in-pipeline-split'] === true ? 1 : 0;
  const [first, last] = ['first', 'last'].map((end) => flags[`--decoder-${end}-pipeline-num-layers`]);
  if (first !== undefined || last !== undefined) {
    if (ends + loss > 0) throw new Error('num_layers_in_first_pipeline_stage cannot be set with account_for_…');
    const outer = [first, last].filter((layers) => layers !== undefined);
    const middle = (layers - outer.reduce((sum: number, each) => sum + Number(each), 0)) / (pp - outer.length);
    const stages = Array.from({ length: pp }, (_, at) =>
      at === 0 && first !== undefined ? Number(first) : at === pp - 1 && last !== undefined ? Number(last) : middle,
    );
    return { sizes: { tp, pp }, stages };
  }
  if ((layers + ends + loss) % pp !== 0)
    throw new Error('Number of layers should be divisible by the pipeline-model-parallel size');
  const each = (layers + ends + loss) / pp;
  const stages = Array.from(
    { length: pp },
    (_, stage) => each - (stage === 0 ? ends : 0) - (stage === pp - 1 ? loss : 0),
  );
  return {
    sizes: {
      tp,
      pp,
      cp: size(flags, '--context-parallel-size'),
      ep: size(flags, '--expert-model-parallel-size'),
      etp: size(flags, '--expert-tensor-parallel-size', tp),
    },
    stages,
  };
}

function torchtitan(flags: Flags): ReadBack {
  const of = (name: string) => size(flags, `--parallelism.${name}_parallel_degree`);
  const dp = size(flags, '--parallelism.data_parallel_shard_degree');
  return { sizes: { pp: of('pipeline'), dp, cp: of('context'), tp: of('tensor'), ep: of('expert') } };
}

/** transformers/distributed/configuration_utils.py: without `enable_expert_parallel` the axis is tensor parallelism. */
function distributed(body: string): ReadBack {
  const call = parseCalls(body).DistributedConfig ?? {};
  const ep = call.enable_expert_parallel === true ? size(call, 'tp_size') : 1;
  return { sizes: { ep, dp: size(call, 'fsdp_size'), pp: size(call, 'pp_size') } };
}

function accelerate(body: string): ReadBack {
  const config = parseYaml(body).parallelism_config as Flags;
  const of = (name: string) => size(config, `parallelism_config_${name}_size`);
  return { sizes: { dp: of('dp_shard'), cp: of('cp'), tp: of('tp') } };
}

/** Readers by the id of the program; null for those whose configuration says no sizes. */
const READERS: Readonly<Record<string, ((body: string, model: Model) => ReadBack) | null>> = {
  'transformers-5': distributed,
  trl: distributed,
  accelerate,
  torchrun: null,
  'ep-plan': null,
  'transformers-4.57': null,
  vllm: (body, model) => vllm(parseCommand(body).flags, model),
  sglang: (body) => sglang(parseCommand(body).flags),
  'megatron-core': (body, model) => megatron(parseCommand(body).flags, model),
  torchtitan: (body) => torchtitan(parseCommand(body).flags),
  ...TRAINING_READERS,
};

/** Reads an emitted text as its program would. A program without a reader fails: write one. */
export function readBack(kind: string, text: string, model: Model): ReadBack | null {
  const reader = READERS[kind];
  if (reader === undefined) throw new Error(`No reader for ${kind}: what would it make of its configuration?`);
  return reader === null ? null : reader(text.replace(/^#.*\n/gm, ''), model);
}

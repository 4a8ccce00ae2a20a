import * as v from 'valibot';
import type { ProgramId } from './all.ts';
import { parseCommand, parseToml, parseYaml } from './config.fixture.ts';
import type { ReadBack } from './read-back.fixture.ts';

/**
 * Configurations of training programs, read back as each program would: its parser, the keys that it knows of those we
 * write, and what absent keys mean to it.
 */
interface Read<T> {
  readonly parse: (body: string) => unknown;
  readonly schema: v.GenericSchema<unknown, T>;
  readonly sizes: (read: T) => ReadBack['sizes'];
}

function reads<T>(read: Read<T>): Read<unknown> {
  return read as Read<unknown>;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

/** deepspeed/module_inject/auto_ep_config.py: absent sizes are 1; autotp_size is 0 where it is not set. */
const autoep = reads({
  parse: (body) => JSON.parse(body),
  schema: v.strictObject({
    train_micro_batch_size_per_gpu: count,
    bf16: v.strictObject({ enabled: v.literal(true) }),
    zero_optimization: v.strictObject({
      stage: v.picklist([0, 1, 2, 3]),
      offload_optimizer: v.optional(v.strictObject({ device: v.literal('cpu') })),
    }),
    expert_parallel: v.strictObject({
      enabled: v.literal(true),
      autoep_size: count,
      expert_tensor_parallel_size: v.literal(1),
      preset_model: v.optional(v.picklist(['mixtral', 'qwen3_moe', 'qwen3_5_moe', 'deepseek_v2', 'deepseek_v3'])),
    }),
    tensor_parallel: v.optional(v.strictObject({ autotp_size: count })),
    sequence_parallel_size: v.optional(count),
    use_data_before_expert_parallelism: v.optional(v.literal(true)),
  }),
  sizes: (read) => ({
    ep: read.expert_parallel.autoep_size,
    etp: read.expert_parallel.expert_tensor_parallel_size,
    tp: read.tensor_parallel?.autotp_size ?? 1,
    cp: read.sequence_parallel_size ?? 1,
  }),
});

/** nemo_automodel/recipes/_dist_utils.py: absent sizes are 1. */
const automodel = reads({
  parse: parseYaml,
  schema: v.strictObject({
    step_scheduler: v.strictObject({ local_batch_size: count }),
    model: v.strictObject({
      _target_: v.literal('nemo_automodel.NeMoAutoModelForCausalLM.from_pretrained'),
      pretrained_model_name_or_path: v.string(),
    }),
    distributed: v.strictObject({
      strategy: v.literal('fsdp2'),
      dp_size: count,
      dp_replicate_size: count,
      tp_size: count,
      cp_size: count,
      pp_size: count,
      ep_size: count,
      activation_checkpointing: v.boolean(),
      offload_policy: v.optional(v.strictObject({ _target_: v.literal('torch.distributed.fsdp.CPUOffloadPolicy') })),
      pipeline: v.optional(v.strictObject({ pp_schedule: v.literal('1f1b'), pp_microbatch_size: count })),
    }),
    packed_sequence: v.strictObject({ packed_sequence_size: count }),
  }),
  sizes: ({ distributed }) => {
    // Stages without a pipeline section are refused.
    if (distributed.pp_size > 1 && !distributed.pipeline) throw new Error('no `distributed.pipeline` block');
    const { dp_size: dp, tp_size: tp, cp_size: cp, pp_size: pp, ep_size: ep } = distributed;
    return { dp, tp, cp, pp, ep };
  },
});

/** src/axolotl/integrations/expert_parallel: without the plugin expert_parallel_size is an unknown key. */
const axolotl = reads({
  parse: parseYaml,
  schema: v.strictObject({
    base_model: v.string(),
    plugins: v.optional(v.tuple([v.literal('axolotl.integrations.expert_parallel.ExpertParallelPlugin')])),
    experts_implementation: v.optional(v.literal('grouped_mm')),
    expert_parallel_size: v.optional(count),
    dp_shard_size: count,
    dp_replicate_size: count,
    context_parallel_size: count,
    tensor_parallel_size: count,
    sequence_len: count,
    micro_batch_size: count,
    bf16: v.literal(true),
    gradient_checkpointing: v.boolean(),
    fsdp_version: v.optional(v.literal(2)),
    fsdp_config: v.optional(
      v.strictObject({
        offload_params: v.boolean(),
        cpu_ram_efficient_loading: v.literal(false),
        auto_wrap_policy: v.literal('TRANSFORMER_BASED_WRAP'),
        state_dict_type: v.literal('FULL_STATE_DICT'),
        reshard_after_forward: v.literal(true),
      }),
    ),
  }),
  sizes: (read) => {
    if ((read.expert_parallel_size ?? 1) > 1 && !read.plugins)
      throw new Error('expert_parallel_size without its plugin');
    if (read.dp_shard_size > 1 && !read.fsdp_config) throw new Error('dp_shard_size was configured without FSDP');
    return {
      ep: read.expert_parallel_size ?? 1,
      dp: read.dp_shard_size,
      cp: read.context_parallel_size,
      tp: read.tensor_parallel_size,
    };
  },
});

/** prime_rl/configs/trainer.py: both kinds of offload at once are refused; shards are what is left of the world. */
const primeRl = reads({
  parse: parseToml,
  schema: v.strictObject({
    model: v.strictObject({
      name: v.string(),
      seq_len: count,
      impl: v.literal('custom'),
      dp_replicate: count,
      ep: count,
      cp: count,
      optim_cpu_offload: v.boolean(),
      fsdp_cpu_offload: v.boolean(),
    }),
    'model.ac': v.optional(v.strictObject({ mode: v.literal('full') })),
    data: v.strictObject({ seq_len: count, micro_batch_size: count }),
  }),
  sizes: ({ model, data }) => {
    if (model.fsdp_cpu_offload && model.optim_cpu_offload) throw new Error('Cannot combine fsdp_cpu_offload');
    if (model.cp > 1 && data.micro_batch_size > 1) throw new Error('micro_batch_size');
    return { ep: model.ep, cp: model.cp, tp: 1, pp: 1 };
  },
});

/** veomni/arguments/arguments_types.py: sizes of -1 are filled, absent ones are 1. */
const veomni = reads({
  parse: parseYaml,
  schema: v.strictObject({
    model: v.strictObject({ model_path: v.string() }),
    data: v.strictObject({ max_seq_len: count }),
    train: v.strictObject({
      accelerator: v.strictObject({
        dp_replicate_size: count,
        dp_shard_size: count,
        ulysses_size: count,
        ep_size: count,
        fsdp_config: v.strictObject({ fsdp_mode: v.literal('fsdp2'), offload: v.boolean() }),
      }),
      gradient_checkpointing: v.strictObject({ enable: v.boolean() }),
      micro_batch_size: count,
      init_device: v.literal('meta'),
    }),
  }),
  sizes: ({ train: { accelerator } }) => ({
    dp: accelerator.dp_replicate_size * accelerator.dp_shard_size,
    cp: accelerator.ulysses_size,
    ep: accelerator.ep_size,
  }),
});

const one = v.pipe(v.string(), v.regex(/^[1-9]\d*$/), v.transform(Number));
const truth = v.picklist(['True', 'False']);

/** Hydra overrides: key=value words, each key once; what is absent keeps the value of verl's own files. */
const verl = reads({
  parse: (body) => {
    const words = parseCommand(body).head;
    const pairs = words.slice(3).map((word) => {
      const at = word.indexOf('=');
      const value = word.slice(at + 1);
      if (at < 1 || !/^[\w./:@+-]+$/.test(value)) throw new Error(`Hydra would not read ${word} as one word.`);
      return [word.slice(0, at), value] as const;
    });
    const read = Object.fromEntries(pairs);
    if (Object.keys(read).length !== pairs.length) throw new Error('A key stands twice.');
    return { head: words.slice(0, 3).join(' '), flags: parseCommand(body).flags, read };
  },
  schema: v.strictObject({
    head: v.literal('python3 -m verl.trainer.main_ppo'),
    flags: v.strictObject({
      '--config-path': v.literal('config'),
      '--config-name': v.literal('ppo_megatron_trainer.yaml'),
    }),
    read: v.strictObject({
      'actor_rollout_ref.model.path': v.string(),
      'actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu': one,
      'actor_rollout_ref.actor.megatron.tensor_model_parallel_size': one,
      'actor_rollout_ref.actor.megatron.pipeline_model_parallel_size': one,
      'actor_rollout_ref.actor.megatron.context_parallel_size': one,
      'actor_rollout_ref.actor.megatron.expert_model_parallel_size': one,
      'actor_rollout_ref.actor.megatron.expert_tensor_parallel_size': one,
      'actor_rollout_ref.actor.megatron.param_offload': truth,
      'actor_rollout_ref.actor.megatron.grad_offload': truth,
      'actor_rollout_ref.actor.megatron.optimizer_offload': truth,
      'actor_rollout_ref.rollout.name': v.picklist(['vllm', 'sglang']),
      'actor_rollout_ref.rollout.tensor_model_parallel_size': one,
      'actor_rollout_ref.rollout.data_parallel_size': one,
      'actor_rollout_ref.rollout.expert_parallel_size': one,
      'actor_rollout_ref.rollout.max_model_len': one,
      'trainer.n_gpus_per_node': one,
      'trainer.nnodes': one,
    }),
  }),
  sizes: ({ read }) => {
    const of = (name: 'tensor_model' | 'data' | 'expert') => read[`actor_rollout_ref.rollout.${name}_parallel_size`];
    const [tp, dp, ep] = [of('tensor_model'), of('data'), of('expert')];
    if (ep > 1 && ep !== tp * dp) throw new Error('expert_parallel_size must be equal to tp * dp');
    return { tp, dp, ep };
  },
});

/** slime/utils/arguments.py, Megatron's flags and SGLang's with a prefix: an engine is its own tensor-parallel group. */
const slime = reads({
  parse: (body) => parseCommand(body).flags,
  schema: v.strictObject({
    '--hf-checkpoint': v.string(),
    '--actor-num-nodes': count,
    '--actor-num-gpus-per-node': count,
    '--colocate': v.literal(true),
    '--tensor-model-parallel-size': count,
    '--pipeline-model-parallel-size': count,
    '--context-parallel-size': count,
    '--expert-model-parallel-size': count,
    '--expert-tensor-parallel-size': count,
    '--micro-batch-size': count,
    '--rollout-num-gpus': count,
    '--rollout-num-gpus-per-engine': count,
    '--sglang-ep-size': count,
    '--sglang-moe-dp-size': v.optional(count),
    '--rollout-max-context-len': count,
    '--sequence-parallel': v.optional(v.literal(true)),
    '--recompute-granularity': v.optional(v.literal('full')),
    '--recompute-method': v.optional(v.literal('uniform')),
    '--recompute-num-layers': v.optional(count),
    '--optimizer-cpu-offload': v.optional(v.literal(true)),
    '--optimizer-offload-fraction': v.optional(v.literal('1.0')),
    '--use-precision-aware-optimizer': v.optional(v.literal(true)),
  }),
  sizes: (flags) => {
    const [engine, ep] = [flags['--rollout-num-gpus-per-engine'], flags['--sglang-ep-size']];
    if (flags['--rollout-num-gpus'] % engine !== 0) throw new Error('engines do not fill the GPUs of the rollout');
    return { tp: engine, ep, etp: engine / ep / (flags['--sglang-moe-dp-size'] ?? 1) };
  },
});

const READS: Readonly<Partial<Record<ProgramId, Read<unknown>>>> = {
  'deepspeed-autoep': autoep,
  'nemo-automodel': automodel,
  axolotl,
  'prime-rl': primeRl,
  veomni,
  'verl-rollout': verl,
  'slime-rollout': slime,
};

/** What the parser of a training program makes of its configuration; undefined for any other program. */
export function parsedTraining(kind: string, body: string): unknown {
  return of(kind)?.parse(body);
}

function of(kind: string): Read<unknown> | undefined {
  return Object.hasOwn(READS, kind) ? READS[kind as ProgramId] : undefined;
}

export const TRAINING_SCHEMAS: Readonly<Partial<Record<ProgramId, v.GenericSchema>>> = Object.fromEntries(
  Object.entries(READS).map(([kind, { schema }]) => [kind, schema]),
);

export const TRAINING_READERS: Readonly<Record<string, (body: string) => ReadBack>> = Object.fromEntries(
  Object.entries(READS).map(([kind, { parse, schema, sizes }]) => [
    kind,
    (body: string): ReadBack => ({ sizes: sizes(v.parse(schema, parse(body))) }),
  ]),
);

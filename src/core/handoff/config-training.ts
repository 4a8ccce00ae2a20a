import { planOf5 } from '../ranks/ep-plans.ts';
import { NODE_GPUS } from '../ranks/memory/constants.ts';
import { commandText, type Flag, pythonCall, yamlText } from './config-text.ts';
import type { ConfigFacts, ConfigKind, ConfigMaker } from './config-types.ts';

const SHARED_BATCH =
  'All expert-parallel ranks work on the same batch and sum their outputs (an all-reduce, no all-to-all): useful tokens a GPU fall by EP (huggingface/transformers#48518).';
const REPLICATED = 'Everything but experts is whole on every expert-parallel rank; only fsdp_size cuts it.';
const NO_SIZES = 'There is no ep_size and no cp_size at this version; expert parallelism is the tp axis.';
const FSDP_LOADING =
  'Seen with 5.17.0 and PyTorch 2.11.0: with FSDP beside expert parallelism, ranks outside the first FSDP group stop while loading (IndexError).';

function nodes(gpus: number): { readonly machines: number; readonly each: number } {
  return { machines: Math.ceil(gpus / NODE_GPUS), each: Math.min(gpus, NODE_GPUS) };
}

function torchrun({ mesh }: ConfigFacts): string {
  const { machines, each } = nodes(mesh.gpus);
  const flags: Flag[] = [
    ['--nnodes', machines],
    ['--nproc-per-node', each],
    ['--rdzv-backend', 'c10d'],
  ];
  // The variable is the reader's, and must not be quoted away.
  return commandText('torchrun', flags, ['--rdzv-endpoint "$HEAD:29500"', 'train.py']);
}

function distributedConfig({ mesh, choices }: ConfigFacts): string {
  return pythonCall('DistributedConfig', {
    tp_size: mesh.ep,
    ...(mesh.dp > 1 ? { fsdp_size: mesh.dp } : {}),
    ...(mesh.pp > 1 ? { pp_size: mesh.pp } : {}),
    enable_expert_parallel: mesh.ep > 1,
    ...(mesh.dp > 1 && choices.offload !== 'none' ? { fsdp_cpu_offload: true } : {}),
    ...(mesh.dp > 1 && choices.regime.weights === 4 ? { fsdp_mixed_precision: true } : {}),
  });
}

function transformersLimits({ mesh, shape, choices }: ConfigFacts): string[] {
  const out = mesh.ep > 1 ? [SHARED_BATCH, REPLICATED, NO_SIZES] : [NO_SIZES];
  if (mesh.ep > 1 && mesh.dp > 1) out.push(FSDP_LOADING);
  if (mesh.ep > 1 && planOf5(shape.modelType) === null)
    out.push(`transformers 5 has no base_model_ep_plan for ${shape.modelType ?? 'this model'} and refuses.`);
  if (choices.offload !== 'none' && mesh.dp === 1) out.push('Offload is FSDP’s alone: with fsdp_size 1 there is none.');
  return out;
}

function accelerateConfig({ mesh, choices }: ConfigFacts): string {
  return yamlText({
    distributed_type: 'FSDP',
    mixed_precision: 'bf16',
    num_machines: nodes(mesh.gpus).machines,
    num_processes: mesh.gpus,
    fsdp_config: {
      fsdp_version: 2,
      fsdp_auto_wrap_policy: 'TRANSFORMER_BASED_WRAP',
      fsdp_reshard_after_forward: true,
      fsdp_offload_params: choices.offload !== 'none',
      fsdp_activation_checkpointing: choices.checkpointing,
      fsdp_state_dict_type: 'SHARDED_STATE_DICT',
      fsdp_cpu_ram_efficient_loading: false,
    },
    parallelism_config: {
      parallelism_config_dp_replicate_size: 1,
      parallelism_config_dp_shard_size: mesh.dp,
      parallelism_config_cp_size: mesh.cp,
      parallelism_config_tp_size: mesh.tp,
    },
  });
}

const EFFICIENT_LOADING =
  'fsdp_cpu_ram_efficient_loading is false on purpose: with true, rank 0’s experts are broadcast over everybody’s (huggingface/transformers#45662).';
const NO_EP_AXIS =
  'accelerate has no axis for expert parallelism (parallelism_config_ep_size was proposed in huggingface/accelerate#4202 and closed): without a fork FSDP2 cuts experts like everything else.';
const OFFLOADS_ALL =
  'fsdp_offload_params moves weights and gradients as well as optimizer states, more than --offload counts by itself: compare with --offload all.';

function megatronFlags({ shape, mesh, choices }: ConfigFacts): Flag[] {
  const flags: Flag[] = [
    ['--tensor-model-parallel-size', mesh.tp],
    ['--pipeline-model-parallel-size', mesh.pp],
    ['--context-parallel-size', mesh.cp],
  ];
  if (shape.experts > 0)
    flags.push(
      ['--expert-model-parallel-size', mesh.ep],
      ['--expert-tensor-parallel-size', mesh.etp],
      ['--num-experts', shape.experts],
      ['--moe-router-topk', shape.topK],
      ['--moe-token-dispatcher-type', 'alltoall'],
    );
  if (mesh.tp > 1) flags.push(['--sequence-parallel', true]);
  if (shape.layers % mesh.pp !== 0)
    flags.push(['--account-for-embedding-in-pipeline-split', true], ['--account-for-loss-in-pipeline-split', true]);
  flags.push(
    ['--use-distributed-optimizer', true],
    ['--seq-length', choices.context],
    ['--micro-batch-size', choices.batch],
    ['--bf16', true],
  );
  if (choices.checkpointing)
    flags.push(['--recompute-granularity', 'full'], ['--recompute-method', 'uniform'], ['--recompute-num-layers', 1]);
  if (choices.offload !== 'none') flags.push(['--optimizer-cpu-offload', true]);
  return flags;
}

/** Programs that train. */
export const TRAINING: Readonly<Partial<Record<ConfigKind, ConfigMaker>>> = {
  'transformers-5': {
    title: 'transformers DistributedConfig',
    version: 'transformers 5.18.0 (the keys of 5.17.0 are the same)',
    framework: 'transformers-5',
    file: () => 'load.py',
    comment: '#',
    text: (facts) => `import torch
from transformers import AutoModelForCausalLM
from transformers.distributed import DistributedConfig

distributed_config = ${distributedConfig(facts)}
model = AutoModelForCausalLM.from_pretrained(
    ${JSON.stringify(facts.model)},
    dtype=torch.bfloat16,
    distributed_config=distributed_config,
)
`,
    limits: transformersLimits,
  },
  trl: {
    title: 'TRL SFTConfig',
    version: 'TRL f2cd577 (2026-07-24) over transformers 5.18.0',
    framework: 'transformers-5',
    file: () => 'sft.py',
    comment: '#',
    text: (facts) => `import torch
from transformers.distributed import DistributedConfig
from trl import SFTConfig

distributed_config = ${distributedConfig(facts)}
args = SFTConfig(
    output_dir="./output",
    max_length=${facts.choices.context},
    per_device_train_batch_size=${facts.choices.batch},
    gradient_checkpointing=${facts.choices.checkpointing ? 'True' : 'False'},
    model_init_kwargs={"dtype": torch.bfloat16, "distributed_config": distributed_config},
)
`,
    limits: (facts) => [
      ...transformersLimits(facts),
      'TRL has no flag for expert parallelism: --enable_expert_parallel is the model card’s fork.',
    ],
  },
  accelerate: {
    title: 'accelerate FSDP2',
    version: 'accelerate 16cb6eb (2026-07-24; 1.15.0 reads it)',
    framework: 'fsdp2',
    file: () => 'fsdp2.yaml',
    comment: '#',
    text: accelerateConfig,
    limits: ({ mesh, choices }) => [
      EFFICIENT_LOADING,
      ...(mesh.ep > 1 ? [NO_EP_AXIS] : []),
      ...(choices.offload === 'optimizer' ? [OFFLOADS_ALL] : []),
      ...(choices.checkpointing ? ['Leave gradient_checkpointing off in the trainer: FSDP checkpoints already.'] : []),
      ...(nodes(mesh.gpus).machines > 1
        ? ['Give each node its --machine_rank, --main_process_ip and --main_process_port.']
        : []),
    ],
  },
  torchrun: {
    title: 'torchrun',
    version: 'PyTorch 2.11.0',
    framework: 'fsdp2',
    file: () => 'launch.sh',
    comment: '#',
    text: torchrun,
    limits: ({ mesh }) => [
      'Run it on every node, HEAD set to the first one’s name.',
      ...(mesh.gpus > NODE_GPUS && mesh.gpus % NODE_GPUS !== 0
        ? [`${mesh.gpus} GPUs do not fill nodes of ${NODE_GPUS}: set --nproc-per-node to your own.`]
        : []),
    ],
  },
  'ep-plan': {
    title: 'base_model_ep_plan',
    version: 'transformers 5.18.0',
    framework: 'transformers-5',
    file: () => 'ep_plan.py',
    comment: '#',
    text: ({ shape }) => {
      const entries = planOf5(shape.modelType) ?? [];
      const lines = entries.map(({ name, style }) => `    "layers.*.${name}": "${style}",\n`);
      return `base_model_ep_plan = {\n${lines.join('')}}\n`;
    },
    limits: ({ shape }) =>
      planOf5(shape.modelType) === null
        ? [`transformers 5 has no plan for ${shape.modelType ?? 'this model'}: write one for its modules.`]
        : [
            'It is what the architecture’s config class has already; to change it, set it on a config class of your own.',
            'The plan replaces the tensor-parallel one: attention is not cut.',
          ],
  },
  torchtitan: {
    title: 'torchtitan',
    version: 'torchtitan b5bcd76 (2026-08-21)',
    framework: 'torchtitan',
    file: () => 'torchtitan.sh',
    comment: '#',
    text: ({ mesh, choices }) =>
      commandText('./run_train.sh', [
        ['--parallelism.pipeline_parallel_degree', mesh.pp],
        ['--parallelism.data_parallel_shard_degree', mesh.dp],
        ['--parallelism.context_parallel_degree', mesh.cp],
        ['--parallelism.tensor_parallel_degree', mesh.tp],
        ['--parallelism.expert_parallel_degree', mesh.ep],
        ['--training.seq_len', choices.context],
        ['--training.local_batch_size', choices.batch],
      ]),
    limits: () => [
      'torchtitan reads its own distributed checkpoints: convert from safetensors with its script first.',
      'Expert parallelism borrows ranks from dp_shard × cp × tp; it adds none.',
      'Choose the model with MODULE and CONFIG; only registered models train.',
    ],
  },
  'megatron-core': {
    title: 'Megatron-LM',
    version: 'Megatron-LM d98e8a6 (2026-08-22)',
    framework: 'megatron-core',
    file: () => 'megatron.sh',
    comment: '#',
    text: (facts) => commandText('torchrun $DISTRIBUTED_ARGS pretrain_gpt.py', megatronFlags(facts)),
    limits: () => [
      'The flags of parallelism and memory alone: sizes of the model and paths are left to you, DISTRIBUTED_ARGS are torchrun’s.',
      'Megatron reads its own checkpoint format: convert with Megatron-Bridge.',
      'Without --expert-tensor-parallel-size it would be the tensor-parallel size.',
    ],
  },
  'transformers-4.57': {
    title: 'The model card’s TRL command',
    version: 'the fork aminediroHF/transformers, branch qwen3-moe-ep (4.57.6), and its TRL',
    framework: 'fsdp2',
    file: () => 'sft.sh',
    comment: '#',
    text: ({ model, choices }) =>
      commandText('accelerate launch --config_file fsdp2.yaml trl/scripts/sft.py', [
        ['--model_name_or_path', model],
        ['--enable_expert_parallel', true],
        ['--dataset_name', 'THUDM/LongAlign-10k'],
        ['--max_length', choices.context],
        ['--per_device_train_batch_size', choices.batch],
        ['--gradient_checkpointing', choices.checkpointing ? 'true' : 'false'],
        ['--packing', true],
        ['--packing_strategy', 'wrapped'],
        ['--max_steps', 100],
        ['--logging_steps', 1],
        ['--output_dir', './output'],
        ['--report_to', 'wandb'],
      ]),
    limits: ({ shape }) => [
      'It runs with the fork alone: --enable_expert_parallel is in no release of TRL.',
      'fsdp2.yaml is the configuration for accelerate, with fsdp_activation_checkpointing false: this command checkpoints by itself.',
      'The fork loads experts stacked apart (gate_proj, up_proj, down_proj): convert to stacked first.',
      ...(shape.modelType === 'qwen3_moe'
        ? []
        : [`It was written for qwen3_moe, not for ${shape.modelType ?? 'this model'}.`]),
    ],
  },
};

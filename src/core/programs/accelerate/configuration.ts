import { type Emitted, shell } from '../../embed/emitted.ts';
import { commandText, type Flag } from '../../embed/shell.ts';
import { yamlText } from '../../embed/yaml.ts';
import { nodes } from '../../handoff/config-nodes.ts';
import type { ConfigFacts, ConfigurationRules } from '../../handoff/config-types.ts';
import { NODE_GPUS } from '../../ranks/memory/constants.ts';

function torchrun({ mesh }: ConfigFacts): Emitted<'shell'> {
  const { machines, each } = nodes(mesh.gpus);
  const flags: Flag[] = [
    ['--nnodes', machines],
    ['--nproc-per-node', each],
    ['--rdzv-backend', 'c10d'],
  ];
  // The variable is the reader's, and must not be quoted away.
  return commandText(shell`torchrun`, flags, [shell`--rdzv-endpoint "$HEAD:29500"`, shell`train.py`]);
}

function accelerateConfig({ mesh, choices }: ConfigFacts): Emitted<'yaml'> {
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

/** accelerate: the yaml of FSDP2. */
export const accelerateConfiguration: ConfigurationRules = {
  title: 'accelerate FSDP2',
  version: 'accelerate 16cb6eb (2026-07-24; 1.15.0 reads it)',
  source: 'huggingface/accelerate, src/accelerate/utils/dataclasses.py',
  date: '2026-11-22',
  file: 'fsdp2.yaml',
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
};

/** The launcher's command. */
export const torchrunConfiguration: ConfigurationRules = {
  title: 'torchrun',
  version: 'PyTorch 2.11.0',
  source: 'PyTorch, torch/distributed/run.py',
  date: '2026-11-22',
  file: 'launch.sh',
  comment: '#',
  text: torchrun,
  limits: ({ mesh }) => [
    'Run it on every node, HEAD set to the first one’s name.',
    ...(mesh.gpus > NODE_GPUS && mesh.gpus % NODE_GPUS !== 0
      ? [`${mesh.gpus} GPUs do not fill nodes of ${NODE_GPUS}: set --nproc-per-node to your own.`]
      : []),
  ],
};

import { yamlText } from '../../embed/yaml.ts';
import type { ConfigurationRules } from '../../handoff/config-types.ts';
import { countOf } from '../../ranks/settings.ts';

/** NeMo AutoModel: the sections of a recipe that set parallelism up. */
export const configuration: ConfigurationRules = {
  title: 'NeMo AutoModel recipe',
  version: 'NeMo AutoModel 36044ad3 (2026-08-22)',
  source:
    'NVIDIA-NeMo/Automodel, nemo_automodel/recipes/_dist_utils.py, components/distributed/config.py and pipelining/config.py, examples/convergence/tulu3/models/qwen3-moe-30b',
  date: '2026-11-29',
  file: 'automodel.yaml',
  comment: '#',
  text: ({ model, mesh, choices, options }) =>
    yamlText({
      step_scheduler: { local_batch_size: choices.batch },
      model: {
        _target_: 'nemo_automodel.NeMoAutoModelForCausalLM.from_pretrained',
        pretrained_model_name_or_path: model,
      },
      distributed: {
        strategy: 'fsdp2',
        dp_size: mesh.dp,
        dp_replicate_size: countOf(options, 'dp_replicate_size'),
        tp_size: mesh.tp,
        cp_size: mesh.cp,
        pp_size: mesh.pp,
        ep_size: mesh.ep,
        activation_checkpointing: choices.checkpointing,
        ...(choices.offload === 'none'
          ? {}
          : { offload_policy: { _target_: 'torch.distributed.fsdp.CPUOffloadPolicy' } }),
        ...(mesh.pp > 1 ? { pipeline: { pp_schedule: '1f1b', pp_microbatch_size: choices.batch } } : {}),
      },
      packed_sequence: { packed_sequence_size: choices.context },
    }),
  limits: ({ mesh, choices, placement }) => [
    `Launch ${mesh.gpus} ranks; dataset, optimizer, loss and checkpoint sections are left to you.`,
    'Its own backend options (experts, dispatcher) keep their defaults.',
    ...(choices.offload === 'optimizer'
      ? ['CPUOffloadPolicy moves weights and gradients as well as optimizer states.']
      : []),
    ...placement.warnings,
  ],
};

import type { Emitted } from '../../embed/emitted.ts';
import { type YamlValue, yamlText } from '../../embed/yaml.ts';
import type { ConfigFacts, ConfigurationRules } from '../../handoff/config-types.ts';
import { replicasOf } from './placement.ts';

function axolotlConfig({ model, mesh, choices, options }: ConfigFacts): Emitted<'yaml'> {
  const fsdp: Readonly<Record<string, YamlValue>> = {
    fsdp_version: 2,
    fsdp_config: {
      offload_params: choices.offload !== 'none',
      cpu_ram_efficient_loading: false,
      auto_wrap_policy: 'TRANSFORMER_BASED_WRAP',
      state_dict_type: 'FULL_STATE_DICT',
      reshard_after_forward: true,
    },
  };
  return yamlText({
    base_model: model,
    ...(mesh.ep > 1
      ? {
          plugins: ['axolotl.integrations.expert_parallel.ExpertParallelPlugin'],
          experts_implementation: 'grouped_mm',
          expert_parallel_size: mesh.ep,
        }
      : {}),
    dp_shard_size: mesh.dp,
    dp_replicate_size: replicasOf(options),
    context_parallel_size: mesh.cp,
    tensor_parallel_size: mesh.tp,
    sequence_len: choices.context,
    micro_batch_size: choices.batch,
    bf16: true,
    gradient_checkpointing: choices.checkpointing,
    ...(mesh.dp * mesh.cp > 1 ? fsdp : {}),
  });
}

/** axolotl: the keys of parallelism and memory. */
export const configuration: ConfigurationRules = {
  title: 'axolotl YAML',
  version: 'axolotl 067b021 (2026-07-24)',
  source:
    'axolotl-ai-cloud/axolotl, src/axolotl/utils/schemas/config.py and fsdp.py, src/axolotl/integrations/expert_parallel/args.py, examples/expert_parallel',
  date: '2026-11-29',
  file: 'axolotl.yaml',
  comment: '#',
  text: axolotlConfig,
  limits: ({ mesh, choices, placement }) => [
    `Launch ${mesh.gpus} ranks; datasets, optimizer and steps are left to you.`,
    ...(mesh.ep > 1
      ? ['Expert parallelism needs DeepEP (deep_ep) installed, and stacked experts as transformers 5 has them.']
      : []),
    ...(mesh.dp * mesh.cp > 1
      ? [
          'Name the class of decoder layers in fsdp_config.transformer_layer_cls_to_wrap, for example Qwen3MoeDecoderLayer.',
        ]
      : [
          'Without dp_shard_size or context_parallel_size there is no FSDP here: everything but experts is whole on every rank.',
        ]),
    ...(choices.offload === 'optimizer'
      ? ['offload_params moves weights and gradients as well as optimizer states.']
      : []),
    ...placement.warnings,
  ],
};

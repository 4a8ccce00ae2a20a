import type { Emitted } from '../../embed/emitted.ts';
import { yamlText } from '../../embed/yaml.ts';
import type { ConfigFacts, ConfigurationRules } from '../../handoff/config-types.ts';
import { replicasOf } from './placement.ts';

function veomniConfig({ model, mesh, choices, options }: ConfigFacts): Emitted<'yaml'> {
  const replicate = replicasOf(options, mesh.dp);
  return yamlText({
    model: { model_path: model },
    data: { max_seq_len: choices.context },
    train: {
      accelerator: {
        dp_replicate_size: replicate,
        dp_shard_size: mesh.dp / replicate,
        ulysses_size: mesh.cp,
        ep_size: mesh.ep,
        fsdp_config: { fsdp_mode: 'fsdp2', offload: choices.offload !== 'none' },
      },
      gradient_checkpointing: { enable: choices.checkpointing },
      micro_batch_size: choices.batch,
      init_device: 'meta',
    },
  });
}

/** VeOmni: the keys of parallelism and memory. */
export const configuration: ConfigurationRules = {
  title: 'VeOmni YAML',
  version: 'VeOmni d9774494 (2026-08-21)',
  source: 'ByteDance-Seed/VeOmni, veomni/arguments/arguments_types.py and configs/text/qwen3_moe_muon.yaml',
  date: '2026-11-29',
  file: 'veomni.yaml',
  comment: '#',
  text: veomniConfig,
  limits: ({ mesh, choices, placement }) => [
    `Launch ${mesh.gpus} ranks; data, optimizer, checkpoints and kernels (ops_implementation) are left to you.`,
    ...(choices.offload === 'optimizer'
      ? ['fsdp_config.offload moves weights and gradients as well as optimizer states.']
      : []),
    ...placement.warnings,
  ],
};

import type { Emitted } from '../../embed/emitted.ts';
import { tomlText } from '../../embed/toml.ts';
import type { ConfigFacts, ConfigurationRules } from '../../handoff/config-types.ts';
import { countOf } from '../../ranks/settings.ts';

function primeConfig({ model, mesh, choices, options }: ConfigFacts): Emitted<'toml'> {
  return tomlText({
    model: {
      name: model,
      seq_len: choices.context,
      impl: 'custom',
      dp_replicate: countOf(options, 'dp_replicate'),
      ep: mesh.ep,
      cp: mesh.cp,
      // Optimizer states go to the host unless it is told otherwise, which does not go with FSDP's own offload.
      optim_cpu_offload: choices.offload === 'optimizer',
      fsdp_cpu_offload: choices.offload === 'all',
    },
    ...(choices.checkpointing ? { 'model.ac': { mode: 'full' } } : {}),
    data: { seq_len: choices.context, micro_batch_size: choices.batch },
  });
}

/** prime-rl: the tables of its trainer for fine-tuning. */
export const configuration: ConfigurationRules = {
  title: 'prime-rl TOML',
  version: 'prime-rl 559b447 (2026-08-21)',
  source:
    'PrimeIntellect-ai/prime-rl, packages/prime-rl-configs/src/prime_rl/configs/trainer.py and sft.py, configs/basic/reverse-text/sft.toml',
  date: '2026-11-29',
  file: 'sft.toml',
  comment: '#',
  text: primeConfig,
  refusal: ({ mesh, choices }) =>
    mesh.pp > 1
      ? 'prime-rl’s configuration has no pipeline parallelism: its trainer sets pp to 1.'
      : mesh.cp > 1 && choices.batch > 1
        ? 'prime-rl takes micro_batch_size 1 beside context parallelism.'
        : null,
  limits: ({ mesh, choices, placement }) => [
    `Launch ${mesh.gpus} ranks: there is no size for shards, they fill what dp_replicate and cp leave.`,
    'For reinforcement learning the same keys stand under [trainer.model]; data, optimizer and steps are left to you.',
    ...(choices.checkpointing
      ? []
      : ['Activation checkpointing is on by default ([model.ac]), and this file does not turn it off.']),
    ...placement.warnings,
  ],
};

import { commandText } from '../../handoff/config-text.ts';
import type { ConfigurationRules } from '../../handoff/config-types.ts';

/** torchtitan: its degrees as flags. */
export const configuration: ConfigurationRules = {
  title: 'torchtitan',
  version: 'torchtitan b5bcd76 (2026-08-21)',
  source: 'pytorch/torchtitan, torchtitan/config/job_config.py',
  date: '2026-11-22',
  file: 'torchtitan.sh',
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
      ...(choices.offload === 'all' ? [['--training.enable_cpu_offload', true] as const] : []),
    ]),
  limits: () => [
    'torchtitan reads its own distributed checkpoints: convert from safetensors with its script first.',
    'Expert parallelism borrows ranks from dp_shard × cp × tp; it adds none.',
    'Choose the model with MODULE and CONFIG; only registered models train.',
  ],
};

import { shell } from '../../embed/emitted.ts';
import { commandText } from '../../embed/shell.ts';
import type { ConfigurationRules } from '../../handoff/config-types.ts';
import { replicasOf } from './placement.ts';

/** torchtitan: its degrees as flags. */
export const configuration: ConfigurationRules = {
  title: 'torchtitan',
  version: 'torchtitan b5bcd76 (2026-08-21)',
  source: 'pytorch/torchtitan, torchtitan/config/configs.py and run_train.sh',
  date: '2026-11-29',
  file: 'torchtitan.sh',
  comment: '#',
  text: ({ mesh, choices, options }) =>
    commandText(shell`./run_train.sh`, [
      ['--parallelism.pipeline_parallel_degree', mesh.pp],
      ['--parallelism.data_parallel_replicate_degree', replicasOf(options)],
      ['--parallelism.data_parallel_shard_degree', mesh.dp],
      ['--parallelism.context_parallel_degree', mesh.cp],
      ['--parallelism.tensor_parallel_degree', mesh.tp],
      ['--parallelism.expert_parallel_degree', mesh.ep],
      ['--training.max_context_length', choices.context],
      // A batch is so many tokens of a data-parallel rank, before context and tensor parallelism cut it.
      ['--training.num_tokens_per_microbatch_per_dp_rank', choices.context * choices.batch],
      ...(choices.offload === 'all' ? [['--training.enable_cpu_offload', true] as const] : []),
    ]),
  limits: () => [
    'torchtitan reads its own distributed checkpoints: convert from safetensors with its script first.',
    'Expert parallelism borrows ranks from dp_shard × cp × tp; it adds none.',
    'Batches are tokens at this commit: seq_len and local_batch_size are gone from [training].',
    'Choose the model with MODULE and CONFIG; only registered models train.',
  ],
};

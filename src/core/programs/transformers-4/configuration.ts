import { shell } from '../../embed/emitted.ts';
import { commandText } from '../../embed/shell.ts';
import type { ConfigurationRules } from '../../handoff/config-types.ts';
import { planOf457 } from './ep-plan.ts';

/** The fork's expert-parallel plan, an entry a line. */
function planLines(modelType: string | null): string[] {
  return planOf457(modelType).entries.map(({ name, style }) => `Its plan: layers.*.${name} is ${style}.`);
}

/** The model card's own command. */
export const configuration: ConfigurationRules = {
  title: 'The model card’s TRL command',
  version: 'the fork aminediroHF/transformers, branch qwen3-moe-ep (4.57.6), and its TRL',
  source: 'the model card of aminediroHF/Qwen3-235B-A22B-fused',
  date: '2026-11-22',
  file: 'sft.sh',
  comment: '#',
  text: ({ model, choices }) =>
    commandText(shell`accelerate launch --config_file fsdp2.yaml trl/scripts/sft.py`, [
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
  limits: ({ shape, mesh }) => [
    'It runs with the fork alone: --enable_expert_parallel is in no release of TRL.',
    'fsdp2.yaml is the configuration for accelerate, with fsdp_activation_checkpointing false: this command checkpoints by itself.',
    'The fork loads experts stacked apart (gate_proj, up_proj, down_proj): convert to stacked first.',
    `Its mesh: data parallel ${mesh.dp} × context parallel ${mesh.cp} = ${mesh.gpus} ranks, expert parallelism of ${mesh.ep} folded into all of them.`,
    ...planLines(shape.modelType),
    ...(shape.modelType === 'qwen3_moe'
      ? []
      : [`It was written for qwen3_moe, not for ${shape.modelType ?? 'this model'}.`]),
  ],
};

import { jsonText } from '../../embed/json.ts';
import type { ConfigurationRules } from '../../handoff/config-types.ts';
import { countOf, flagOf, wordOf } from '../../ranks/settings.ts';
import { presetOf } from './presets.ts';

/** ZeRO's stage where none was named: the highest that goes with AutoTP folding, too. */
const ZERO_STAGE = 2;

/** DeepSpeed: the sections of ds_config.json that set AutoEP up. */
export const configuration: ConfigurationRules = {
  title: 'DeepSpeed AutoEP ds_config',
  version: 'DeepSpeed edaa7221 (2026-08-22)',
  source:
    'deepspeedai/DeepSpeed, deepspeed/module_inject/auto_ep_config.py, deepspeed/runtime/tensor_parallel/config.py and docs/_pages/config-json.md',
  date: '2026-11-29',
  file: 'ds_config.json',
  comment: null,
  text({ mesh, options, choices, shape }) {
    const preset = wordOf(options, 'preset_model', presetOf(shape.modelType) ?? '');
    return jsonText({
      train_micro_batch_size_per_gpu: choices.batch,
      bf16: { enabled: true },
      zero_optimization: {
        stage: countOf(options, 'zero_stage', ZERO_STAGE),
        ...(choices.offload === 'none' ? {} : { offload_optimizer: { device: 'cpu' } }),
      },
      expert_parallel: {
        enabled: true,
        autoep_size: mesh.ep,
        expert_tensor_parallel_size: mesh.etp,
        ...(preset === '' ? {} : { preset_model: preset }),
      },
      ...(mesh.tp > 1 ? { tensor_parallel: { autotp_size: mesh.tp } } : {}),
      ...(mesh.cp > 1 ? { sequence_parallel_size: mesh.cp } : {}),
      ...(flagOf(options, 'use_data_before_expert_parallelism') ? { use_data_before_expert_parallelism: true } : {}),
    });
  },
  refusal: ({ mesh, choices }) =>
    mesh.tp > 1 && choices.offload !== 'none'
      ? 'ZeRO optimizer/parameter offload with AutoEP+AutoTP folding is not validated yet. Disable offload or run a follow-up proof for per-family replica groups.'
      : null,
  limits: ({ mesh, placement, choices }) => [
    'The sections of parallelism and ZeRO alone: optimizer, schedule and steps are left to you.',
    `Launch ${mesh.gpus} ranks: the world size is the launcher’s, and data parallelism fills what the other sizes leave.`,
    'AutoEP replaces the experts of a model that transformers 5 has loaded.',
    ...(mesh.pp > 1 ? ['Pipeline parallelism is set in your PipelineModule; ds_config.json has no size for it.'] : []),
    ...(choices.checkpointing
      ? ['Gradient checkpointing is the trainer’s or the model’s; ds_config.json does not turn it on.']
      : []),
    ...placement.warnings,
  ],
};

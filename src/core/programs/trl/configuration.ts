import { python } from '../../embed/emitted.ts';
import { pythonValue } from '../../embed/python.ts';
import type { ConfigurationRules } from '../../handoff/config-types.ts';
import { distributedConfig, transformersLimits } from '../transformers/configuration.ts';

/** TRL: the DistributedConfig of transformers 5 inside SFTConfig. */
export const configuration: ConfigurationRules = {
  title: 'TRL SFTConfig',
  version: 'TRL f2cd577 (2026-07-24) over transformers 5.18.0',
  source: 'huggingface/trl, trl/trainer/sft_config.py',
  date: '2026-11-22',
  file: 'sft.py',
  comment: '#',
  text: (facts) => python`import torch
from transformers.distributed import DistributedConfig
from trl import SFTConfig

distributed_config = ${distributedConfig(facts)}
args = SFTConfig(
    output_dir="./output",
    max_length=${facts.choices.context},
    per_device_train_batch_size=${facts.choices.batch},
    gradient_checkpointing=${pythonValue(facts.choices.checkpointing)},
    model_init_kwargs={"dtype": torch.bfloat16, "distributed_config": distributed_config},
)
`,
  limits: (facts) => [
    ...transformersLimits(facts),
    'TRL has no flag for expert parallelism: --enable_expert_parallel is the model card’s fork.',
  ],
};

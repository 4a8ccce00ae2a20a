import { type Emitted, joined, python } from '../../embed/emitted.ts';
import { pythonCall, pythonString } from '../../embed/python.ts';
import type { ConfigFacts, ConfigurationRules } from '../../handoff/config-types.ts';
import { planOf5 } from './ep-plans.ts';
import { CONFIG_SIZES } from './sizes.ts';

const SHARED_BATCH =
  'All expert-parallel ranks work on the same batch and sum their outputs (an all-reduce, no all-to-all): useful tokens a GPU fall by EP (huggingface/transformers#48518).';
const REPLICATED = 'Everything but experts is whole on every expert-parallel rank; only fsdp_size cuts it.';
const NO_SIZES = 'There is no ep_size and no cp_size at this version; expert parallelism is the tp axis.';
const FSDP_LOADING =
  'Seen with 5.17.0 and PyTorch 2.11.0: with FSDP beside expert parallelism, ranks outside the first FSDP group stop while loading (IndexError).';

/** The call that both transformers and TRL take. */
export function distributedConfig({ mesh, choices }: ConfigFacts): Emitted<'python'> {
  return pythonCall('DistributedConfig', {
    [CONFIG_SIZES.ep]: mesh.ep,
    ...(mesh.dp > 1 ? { [CONFIG_SIZES.dp]: mesh.dp } : {}),
    ...(mesh.pp > 1 ? { [CONFIG_SIZES.pp]: mesh.pp } : {}),
    enable_expert_parallel: mesh.ep > 1,
    ...(mesh.dp > 1 && choices.offload !== 'none' ? { fsdp_cpu_offload: true } : {}),
    ...(mesh.dp > 1 && choices.regime.weights === 4 ? { fsdp_mixed_precision: true } : {}),
  });
}

/** What holds wherever transformers 5 sets expert parallelism up. */
export function transformersLimits({ mesh, shape }: ConfigFacts): string[] {
  const out = mesh.ep > 1 ? [SHARED_BATCH, REPLICATED, NO_SIZES] : [NO_SIZES];
  if (mesh.ep > 1 && mesh.dp > 1) out.push(FSDP_LOADING);
  if (mesh.ep > 1 && planOf5(shape.modelType) === null)
    out.push(`transformers 5 has no base_model_ep_plan for ${shape.modelType ?? 'this model'} and refuses.`);
  return out;
}

/** transformers 5: a DistributedConfig and the call that takes it. */
export const configuration: ConfigurationRules = {
  title: 'transformers DistributedConfig',
  version: 'transformers 5.18.0 (the keys of 5.17.0 are the same)',
  source: 'huggingface/transformers, src/transformers/distributed/configuration_utils.py',
  date: '2026-11-22',
  file: 'load.py',
  comment: '#',
  text: (facts) => python`import torch
from transformers import AutoModelForCausalLM
from transformers.distributed import DistributedConfig

distributed_config = ${distributedConfig(facts)}
model = AutoModelForCausalLM.from_pretrained(
    ${pythonString(facts.model)},
    dtype=torch.bfloat16,
    distributed_config=distributed_config,
)
`,
  limits: transformersLimits,
};

/** The expert-parallel plan of an architecture. */
export const planConfiguration: ConfigurationRules = {
  title: 'base_model_ep_plan',
  version: 'transformers 5.18.0',
  source: 'huggingface/transformers, configuration files of the model types',
  date: '2026-11-22',
  file: 'ep_plan.py',
  comment: '#',
  text: ({ shape }) => {
    const entries = planOf5(shape.modelType) ?? [];
    const lines = entries.map(
      ({ name, style }) => python`    ${pythonString(`layers.*.${name}`)}: ${pythonString(style)},\n`,
    );
    return python`base_model_ep_plan = {\n${joined(lines)}}\n`;
  },
  limits: ({ shape }) =>
    planOf5(shape.modelType) === null
      ? [`transformers 5 has no plan for ${shape.modelType ?? 'this model'}: write one for its modules.`]
      : [
          'The architecture’s config class already has this plan. To change it, set it on a subclass.',
          'The plan replaces the tensor-parallel one: attention is not cut.',
        ],
};

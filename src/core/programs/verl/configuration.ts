import { shell } from '../../embed/emitted.ts';
import { commandText, type Flag } from '../../embed/shell.ts';
import { nodes } from '../../handoff/config-nodes.ts';
import type { ConfigFacts, ConfigurationRules } from '../../handoff/config-types.ts';
import { engineName, rolloutSizes, trainingSizes } from './placement.ts';

/** Characters that Hydra's grammar of overrides and OmegaConf read as they are. */
const PLAIN = /^[\w./:@+-]+$/;

function overrides({ model, mesh, choices, options }: ConfigFacts): Flag[] {
  const train = trainingSizes(options);
  const { machines, each } = nodes(mesh.gpus);
  const sizes = rolloutSizes(options);
  const values: readonly (readonly [string, string | number])[] = [
    ['actor_rollout_ref.model.path', model],
    ['actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu', choices.batch],
    ['actor_rollout_ref.actor.megatron.tensor_model_parallel_size', train.tp],
    ['actor_rollout_ref.actor.megatron.pipeline_model_parallel_size', train.pp],
    ['actor_rollout_ref.actor.megatron.context_parallel_size', train.cp],
    ['actor_rollout_ref.actor.megatron.expert_model_parallel_size', train.ep],
    ['actor_rollout_ref.actor.megatron.expert_tensor_parallel_size', train.etp],
    ['actor_rollout_ref.actor.megatron.param_offload', choices.offload === 'all' ? 'True' : 'False'],
    ['actor_rollout_ref.actor.megatron.grad_offload', choices.offload === 'all' ? 'True' : 'False'],
    ['actor_rollout_ref.actor.megatron.optimizer_offload', choices.offload === 'none' ? 'False' : 'True'],
    ['actor_rollout_ref.rollout.name', engineName(options)],
    ['actor_rollout_ref.rollout.tensor_model_parallel_size', sizes.tp],
    ['actor_rollout_ref.rollout.data_parallel_size', sizes.dp],
    ['actor_rollout_ref.rollout.expert_parallel_size', sizes.ep],
    ['actor_rollout_ref.rollout.max_model_len', choices.context],
    ['trainer.n_gpus_per_node', each],
    ['trainer.nnodes', machines],
  ];
  return values.map(([key, value]) => [`${key}=${value}`, true]);
}

/** verl: Hydra overrides of both sides of one run, training by Megatron and rollout by an engine. */
export const configuration: ConfigurationRules = {
  title: 'verl overrides',
  version: 'verl b178a3c (2026-01-29)',
  source:
    'verl-project/verl, verl/trainer/config/rollout/rollout.yaml, engine/megatron.yaml, actor/megatron_actor.yaml and examples/grpo_trainer/run_moonlight16b_math_megatron.sh',
  date: '2026-11-29',
  file: 'verl.sh',
  comment: '#',
  text: (facts) =>
    commandText(shell`python3 -m verl.trainer.main_ppo`, [
      ...overrides(facts),
      ['--config-path', 'config'],
      ['--config-name', 'ppo_megatron_trainer.yaml'],
    ]),
  refusal: ({ model, mesh }) =>
    !PLAIN.test(model)
      ? 'Hydra would read this name of a model as more than a name: use a path of letters, digits and the characters . / _ -'
      : nodes(mesh.gpus).machines * nodes(mesh.gpus).each !== mesh.gpus
        ? `${mesh.gpus} GPUs do not fill nodes of ${nodes(mesh.gpus).each}: trainer.n_gpus_per_node is one number for all nodes.`
        : null,
  limits: ({ mesh, placement, choices }) => [
    `Both sides share ${mesh.gpus} GPUs: actor.megatron is the training side, rollout the engine.`,
    'Data, rewards, the reference model and steps are left to you.',
    ...(choices.checkpointing
      ? [
          'Recomputation of activations is Megatron’s: actor.megatron.override_transformer_config.recompute_granularity and its companions.',
        ]
      : []),
    ...placement.warnings,
  ],
};

import { shell } from '../../embed/emitted.ts';
import { commandText, type Flag } from '../../embed/shell.ts';
import { nodes } from '../../handoff/config-nodes.ts';
import type { ConfigFacts, ConfigurationRules } from '../../handoff/config-types.ts';
import { countOf } from '../../ranks/settings.ts';
import { memoryFlags } from '../megatron/configuration.ts';
import { type Engines, enginesOf, trainingSizes } from './placement.ts';

function isPacked({ counts, offsets }: Engines): boolean {
  const [size = 1] = counts;
  return counts.every((count) => count === size) && offsets.every((offset, at) => offset === at * size);
}

function slimeFlags({ model, mesh, choices, options }: ConfigFacts): Flag[] {
  const train = trainingSizes(options);
  const { machines, each } = nodes(mesh.gpus);
  const engines = enginesOf(options);
  const count = 'error' in engines ? 1 : engines.counts.length;
  const moeDp = countOf(options, 'moe_dp_size');
  const flags: Flag[] = [
    ['--hf-checkpoint', model],
    ['--actor-num-nodes', machines],
    ['--actor-num-gpus-per-node', each],
    ['--colocate', true],
    ['--tensor-model-parallel-size', train.tp],
    ['--pipeline-model-parallel-size', train.pp],
    ['--context-parallel-size', train.cp],
    ['--expert-model-parallel-size', train.ep],
    ['--expert-tensor-parallel-size', train.etp],
    ['--micro-batch-size', choices.batch],
    ['--rollout-num-gpus', count * mesh.tp],
    ['--rollout-num-gpus-per-engine', mesh.tp],
    ['--sglang-ep-size', mesh.ep],
    ['--rollout-max-context-len', choices.context],
  ];
  if (moeDp > 1) flags.push(['--sglang-moe-dp-size', moeDp]);
  if (train.tp > 1) flags.push(['--sequence-parallel', true]);
  return [...flags, ...memoryFlags(choices)];
}

/** slime: flags of both sides of one run, Megatron's and, with their prefix, SGLang's. */
export const configuration: ConfigurationRules = {
  title: 'slime flags',
  version: 'slime 624b824 (2026-08-21)',
  source:
    'THUDM/slime, slime/utils/arguments.py, slime/backends/sglang_utils/arguments.py and scripts/run-qwen3-235B-A22B.sh',
  date: '2026-11-29',
  file: 'slime.sh',
  comment: '#',
  text: (facts) => commandText(shell`python3 train.py`, slimeFlags(facts)),
  refusal({ options, mesh }) {
    const engines = enginesOf(options);
    if ('error' in engines) return engines.error;
    if (!isPacked(engines))
      return `slime packs engines one behind the other from the first GPU on; flags cannot say offsets ${engines.offsets.join(', ')}.`;
    const { machines, each } = nodes(mesh.gpus);
    return machines * each === mesh.gpus
      ? null
      : `${mesh.gpus} GPUs do not fill nodes of ${each}: --actor-num-gpus-per-node is one number for all nodes.`;
  },
  limits: ({ mesh, placement }) => [
    `Training and rollout share ${mesh.gpus} GPUs (--colocate): flags with sglang in their name are the engines’, the other sizes Megatron’s.`,
    'Sizes of the model, data, rewards and steps are left to you.',
    ...placement.warnings,
  ],
};

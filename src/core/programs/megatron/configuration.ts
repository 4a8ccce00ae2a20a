import { shell } from '../../embed/emitted.ts';
import { commandText, type Flag } from '../../embed/shell.ts';
import type { ConfigFacts, ConfigurationRules } from '../../handoff/config-types.ts';
import { outerStages } from './placement.ts';

/** Layers of stages: those that were asked for, or the ends counted as layers where layers do not divide. */
function stageFlags({ shape, mesh, options }: ConfigFacts): Flag[] {
  const { first, last } = outerStages(options);
  const flags: Flag[] = [];
  if (first > 0) flags.push(['--decoder-first-pipeline-num-layers', first]);
  if (last > 0) flags.push(['--decoder-last-pipeline-num-layers', last]);
  if (flags.length > 0 || shape.layers % mesh.pp === 0) return flags;
  return [
    ['--account-for-embedding-in-pipeline-split', true],
    ['--account-for-loss-in-pipeline-split', true],
  ];
}

function megatronFlags(facts: ConfigFacts): Flag[] {
  const { shape, mesh, choices } = facts;
  const flags: Flag[] = [
    ['--tensor-model-parallel-size', mesh.tp],
    ['--pipeline-model-parallel-size', mesh.pp],
    ['--context-parallel-size', mesh.cp],
  ];
  if (shape.experts > 0)
    flags.push(
      ['--expert-model-parallel-size', mesh.ep],
      ['--expert-tensor-parallel-size', mesh.etp],
      ['--num-experts', shape.experts],
      ['--moe-router-topk', shape.topK],
      ['--moe-token-dispatcher-type', 'alltoall'],
    );
  if (mesh.tp > 1) flags.push(['--sequence-parallel', true]);
  flags.push(
    ...stageFlags(facts),
    ['--use-distributed-optimizer', true],
    ['--seq-length', choices.context],
    ['--micro-batch-size', choices.batch],
    ['--bf16', true],
  );
  return [...flags, ...memoryFlags(choices)];
}

/** Recomputing and offload, for every program that hands Megatron's flags on. */
export function memoryFlags({ checkpointing, offload }: ConfigFacts['choices']): Flag[] {
  const flags: Flag[] = [];
  if (checkpointing)
    flags.push(['--recompute-granularity', 'full'], ['--recompute-method', 'uniform'], ['--recompute-num-layers', 1]);
  // Alone the first is refused, and without a fraction nothing moves: it is 0 by default.
  if (offload !== 'none')
    flags.push(
      ['--optimizer-cpu-offload', true],
      ['--optimizer-offload-fraction', '1.0'],
      ['--use-precision-aware-optimizer', true],
    );
  return flags;
}

/** Megatron-LM: flags of parallelism and memory. */
export const configuration: ConfigurationRules = {
  title: 'Megatron-LM',
  version: 'Megatron-LM d98e8a6 (2026-08-22)',
  source:
    'NVIDIA/Megatron-LM, megatron/training/arguments.py, megatron/core/optimizer/optimizer_config.py and cpu_offloading/README.md',
  date: '2026-11-29',
  file: 'megatron.sh',
  comment: '#',
  text: (facts) => commandText(shell`torchrun $DISTRIBUTED_ARGS pretrain_gpt.py`, megatronFlags(facts)),
  limits: () => [
    'The flags of parallelism and memory alone: sizes of the model and paths are left to you, DISTRIBUTED_ARGS are torchrun’s.',
    'Megatron reads its own checkpoint format: convert with Megatron-Bridge.',
    'Without --expert-tensor-parallel-size it would be the tensor-parallel size.',
  ],
};

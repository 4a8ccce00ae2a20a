import { commandText, type Flag } from './config-text.ts';
import type { ConfigFacts, ConfigKind, ConfigMaker } from './config-types.ts';

function vllmFlags({ mesh, choices, strategy, redundant, all2all }: ConfigFacts): Flag[] {
  const flags: Flag[] = [
    ['--tensor-parallel-size', mesh.tp],
    ['--data-parallel-size', mesh.dp],
  ];
  if (mesh.pp > 1) flags.push(['--pipeline-parallel-size', mesh.pp]);
  if (mesh.ep > 1) flags.push(['--enable-expert-parallel', true]);
  if (mesh.ep > 1 && all2all !== undefined) flags.push(['--all2all-backend', all2all]);
  if (strategy === 'round-robin') flags.push(['--expert-placement-strategy', 'round_robin']);
  if (redundant > 0)
    flags.push(
      ['--enable-eplb', true],
      ['--eplb-config', JSON.stringify({ num_redundant_experts: redundant, window_size: 1000, step_interval: 3000 })],
    );
  else if (mesh.ep > 1) flags.push(['--enable-ep-weight-filter', true]);
  return [...flags, ['--max-model-len', choices.context], ['--max-num-seqs', choices.batch]];
}

function sglangFlags({ model, mesh, choices, redundant, strategy }: ConfigFacts): Flag[] {
  const flags: Flag[] = [
    ['--model-path', model],
    ['--tp', mesh.tp],
    ['--ep-size', mesh.ep],
  ];
  if (mesh.pp > 1) flags.push(['--pp-size', mesh.pp]);
  if (mesh.ep > 1) flags.push(['--moe-a2a-backend', 'deepep']);
  if (redundant > 0) flags.push(['--ep-num-redundant-experts', redundant], ['--enable-eplb', true]);
  if (redundant > 0 || strategy === 'custom') flags.push(['--init-expert-location', 'sglang-expert-location.json']);
  return [...flags, ['--context-length', choices.context]];
}

/** Programs that serve. */
export const SERVING: Readonly<Partial<Record<ConfigKind, ConfigMaker>>> = {
  vllm: {
    title: 'vLLM',
    version: 'vLLM since #21497 (uneven experts) and #37351 (weight filter)',
    framework: 'vllm',
    file: () => 'vllm.sh',
    comment: '#',
    text: (facts) => commandText(`vllm serve ${commandText(facts.model, []).trimEnd()}`, vllmFlags(facts)),
    limits: ({ mesh, redundant }) => [
      `Expert parallelism is data × tensor parallelism, here ${mesh.dp} × ${mesh.tp}; its size cannot be chosen apart (vllm-project/vllm#28889).`,
      ...(redundant > 0
        ? ['--enable-ep-weight-filter is off under EPLB: every rank reads every expert.']
        : mesh.ep > 1
          ? ['--enable-ep-weight-filter finds experts by their number in the name: fused experts turn it off.']
          : []),
      ...(mesh.gpus > 8 ? ['Over several nodes each needs its own data-parallel address and rank.'] : []),
      '--max-num-seqs is what this planner’s cache was counted for; vLLM fills nine tenths of the GPU whatever it is.',
    ],
  },
  sglang: {
    title: 'SGLang',
    version: 'SGLang, --init-expert-location as in expert_location.py',
    framework: 'sglang',
    file: () => 'sglang.sh',
    comment: '#',
    text: (facts) => commandText('python -m sglang.launch_server', sglangFlags(facts)),
    limits: ({ mesh, redundant, strategy }) => [
      `--ep-size divides --tp: each expert is cut over ${mesh.tp / mesh.ep} ranks.`,
      ...(mesh.ep > 1
        ? ['--moe-a2a-backend deepep needs DeepEP installed; leave it out for the default all-reduce.']
        : []),
      ...(redundant > 0 || strategy === 'custom'
        ? ['sglang-expert-location.json is the placement file of the Ranks view: take it along.']
        : []),
      'Every rank reads every tensor and keeps its own.',
    ],
  },
};

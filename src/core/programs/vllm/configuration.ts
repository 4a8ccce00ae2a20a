import { shell } from '../../embed/emitted.ts';
import { commandText, type Flag, shellWord } from '../../embed/shell.ts';
import type { ConfigFacts, ConfigurationRules } from '../../handoff/config-types.ts';
import { balances, decodeContext } from './placement.ts';

/** The strategy is the one that vLLM settles on: asked for another, its weight filter would skip experts that a rank holds. */
function vllmFlags({ mesh, choices, placement }: ConfigFacts): Flag[] {
  const { strategy, redundant, all2all } = placement;
  const flags: Flag[] = [
    ['--tensor-parallel-size', mesh.tp],
    ['--data-parallel-size', mesh.dp],
  ];
  if (mesh.pp > 1) flags.push(['--pipeline-parallel-size', mesh.pp]);
  if (mesh.cp > 1) flags.push(['--prefill-context-parallel-size', mesh.cp]);
  const decode = decodeContext(placement);
  if (decode > 1) flags.push(['--decode-context-parallel-size', decode]);
  if (mesh.ep > 1) flags.push(['--enable-expert-parallel', true]);
  if (mesh.ep > 1 && all2all !== undefined) flags.push(['--all2all-backend', all2all]);
  if (strategy === 'round-robin') flags.push(['--expert-placement-strategy', 'round_robin']);
  if (balances(placement))
    flags.push(
      ['--enable-eplb', true],
      ['--eplb-config', JSON.stringify({ num_redundant_experts: redundant, window_size: 1000, step_interval: 3000 })],
    );
  else if (mesh.ep > 1) flags.push(['--enable-ep-weight-filter', true]);
  return [...flags, ['--max-model-len', choices.context], ['--max-num-seqs', choices.batch]];
}

/** vLLM: one serve command. */
export const configuration: ConfigurationRules = {
  title: 'vLLM',
  version: 'vLLM 00193b82 with #37351 (weight filter)',
  source: 'vllm-project/vllm, vllm/engine/arg_utils.py and vllm/config/parallel.py',
  date: '2026-11-29',
  file: 'vllm.sh',
  comment: '#',
  text: (facts) => commandText(shell`vllm serve ${shellWord(facts.model)}`, vllmFlags(facts)),
  refusal: ({ placement: { strategy } }) =>
    strategy === 'custom' ? 'vLLM cannot load a placement file: its load balancer (EPLB) places the experts.' : null,
  limits: ({ mesh, placement }) => [
    `Expert parallelism is data × prefill context × tensor parallelism, here ${mesh.dp} × ${mesh.cp} × ${mesh.tp}; its size cannot be chosen apart (vllm-project/vllm#28889).`,
    ...placement.warnings,
    ...(balances(placement)
      ? ['--enable-ep-weight-filter is off under EPLB: every rank reads every expert.']
      : mesh.ep > 1
        ? ['--enable-ep-weight-filter finds experts by their number in the name: fused experts turn it off.']
        : []),
    ...(mesh.gpus > 8 ? ['Over several nodes each needs its own data-parallel address and rank.'] : []),
    '--max-num-seqs is what this planner’s cache was counted for; vLLM fills nine tenths of the GPU whatever it is.',
  ],
};

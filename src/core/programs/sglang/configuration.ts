import { shell } from '../../embed/emitted.ts';
import { commandText, type Flag } from '../../embed/shell.ts';
import type { ConfigFacts, ConfigurationRules } from '../../handoff/config-types.ts';
import { flagOf } from '../../ranks/settings.ts';
import { attentionContext, forcesEp, moeDp } from './settings.ts';

function sglangFlags({ model, mesh, choices, placement }: ConfigFacts): Flag[] {
  const { strategy, redundant, all2all } = placement;
  const flags: Flag[] = [
    ['--model-path', model],
    ['--tp', mesh.tp],
    ['--ep-size', mesh.ep],
  ];
  if (mesh.pp > 1) flags.push(['--pp-size', mesh.pp]);
  if (mesh.dp > 1) flags.push(['--dp-size', mesh.dp], ['--enable-dp-attention', true]);
  if (moeDp(placement) > 1) flags.push(['--moe-dp-size', moeDp(placement)]);
  if (attentionContext(placement) > 1) flags.push(['--attn-cp-size', attentionContext(placement)]);
  if (forcesEp(all2all)) flags.push(['--moe-a2a-backend', String(all2all)]);
  if (redundant > 0) flags.push(['--ep-num-redundant-experts', redundant]);
  if (redundant > 0 || flagOf(placement, 'enable_eplb')) flags.push(['--enable-eplb', true]);
  if (redundant > 0 || strategy === 'custom') flags.push(['--init-expert-location', 'sglang-expert-location.json']);
  return [...flags, ['--context-length', choices.context]];
}

/** SGLang: one launch command. */
export const configuration: ConfigurationRules = {
  title: 'SGLang',
  version: 'SGLang 00ac7105, --init-expert-location as in expert_location.py at 01fec5c',
  source: 'sgl-project/sglang, python/sglang/srt/arg_groups/fields/parallel.py',
  date: '2026-11-29',
  file: 'sglang.sh',
  comment: '#',
  text: (facts) => commandText(shell`python -m sglang.launch_server`, sglangFlags(facts)),
  limits: ({ mesh, placement: { redundant, strategy, all2all } }) => [
    mesh.etp > 1
      ? `--ep-size divides --tp: each expert is cut over ${mesh.etp} ranks.`
      : '--ep-size divides --tp: experts are whole on their ranks.',
    ...(forcesEp(all2all)
      ? [`--moe-a2a-backend ${all2all} needs its own package installed; leave it out for the default all-reduce.`]
      : []),
    ...(redundant > 0 || strategy === 'custom'
      ? ['sglang-expert-location.json is the placement file of the Ranks view: take it along.']
      : []),
    'Every rank reads every tensor and keeps its own.',
  ],
};

import { commandText, type Flag } from '../../handoff/config-text.ts';
import type { ConfigFacts, ConfigurationRules } from '../../handoff/config-types.ts';

/** The backend with which SGLang overrides `--ep-size` by `--tp-size`. */
function forcesEp(all2all: string | undefined): boolean {
  return all2all?.startsWith('deepep') ?? false;
}

function sglangFlags({ model, mesh, choices, placement: { strategy, redundant }, all2all }: ConfigFacts): Flag[] {
  const flags: Flag[] = [
    ['--model-path', model],
    ['--tp', mesh.tp],
    ['--ep-size', mesh.ep],
  ];
  if (mesh.dp > 1) flags.push(['--dp-size', mesh.dp], ['--enable-dp-attention', true]);
  if (mesh.pp > 1) flags.push(['--pp-size', mesh.pp]);
  if (forcesEp(all2all)) flags.push(['--moe-a2a-backend', 'deepep']);
  if (redundant > 0) flags.push(['--ep-num-redundant-experts', redundant], ['--enable-eplb', true]);
  if (redundant > 0 || strategy === 'custom') flags.push(['--init-expert-location', 'sglang-expert-location.json']);
  return [...flags, ['--context-length', choices.context]];
}

/** SGLang: one launch command. */
export const configuration: ConfigurationRules = {
  title: 'SGLang',
  version: 'SGLang, --init-expert-location as in expert_location.py',
  source: 'sgl-project/sglang, python/sglang/srt/server_args.py',
  date: '2026-11-22',
  file: 'sglang.sh',
  comment: '#',
  text: (facts) => commandText('python -m sglang.launch_server', sglangFlags(facts)),
  refusal: ({ mesh, all2all }) =>
    forcesEp(all2all) && mesh.ep !== mesh.tp
      ? `SGLang sets --ep-size to --tp-size (${mesh.tp}) with --moe-a2a-backend ${all2all}: ask for ep ${mesh.tp}.`
      : null,
  limits: ({ mesh, placement: { redundant, strategy }, all2all }) => [
    `--ep-size divides --tp: each expert is cut over ${mesh.tp / mesh.ep} ranks.`,
    ...(forcesEp(all2all)
      ? ['--moe-a2a-backend deepep needs DeepEP installed; leave it out for the default all-reduce.']
      : []),
    ...(redundant > 0 || strategy === 'custom'
      ? ['sglang-expert-location.json is the placement file of the Ranks view: take it along.']
      : []),
    'Every rank reads every tensor and keeps its own.',
  ],
};

import { compareNames, expectedIn } from '../../loads/direct.ts';
import { hasCompanions, routedNames } from '../../loads/expert-names.ts';
import type { LoadInput } from '../../loads/sparse-layers.ts';
import { type Answer, type Evidence, NO_NAMES } from '../../loads/types.ts';
import { ownsStack } from '../../loads/whole-names.ts';
import { loadRulesOf } from '../transformers/load-rules.ts';

/** The version whose classes were read. */
export const VERSION = '4.57.6';
/** How its classes are known. */
export const READ: Evidence = {
  kind: 'source',
  source: `transformers ${VERSION}: the models' own classes; nothing is converted while loading`,
  date: '2026-11-22',
};

/** Model types with experts that transformers 4.57.6 has; read in its configuration_auto.py, 2026-11-22. */
const TYPES: ReadonlySet<string> = new Set(
  `qwen3_moe qwen2_moe qwen3_next qwen3_vl_moe qwen3_vl_moe_text qwen3_omni_moe mixtral minimax phimoe deepseek_v2
   deepseek_v3 glm4_moe glm4v_moe glm4v_moe_text dots1 olmoe flex_olmo hunyuan_v1_moe ernie4_5_moe granitemoe
   granitemoeshared granitemoehybrid jamba longcat_flash gpt_oss llama4 llama4_text aria aria_text dbrx jetmoe`.split(
    /\s+/,
  ),
);

/** What transformers 4.57 makes of a checkpoint's experts: it holds them as the Hub's files do, and takes names as they are. */
export function askTransformers4(input: LoadInput): Answer {
  const { row, layout } = input;
  if (!row || layout.modelType === null) return unknown('A config.json with a model type that this program knows.');
  if (!TYPES.has(layout.modelType)) {
    const needs = [`Code for ${layout.modelType}: transformers ${VERSION} has no class for it.`];
    return { ...NO_NAMES, verdict: 'refuses', evidence: READ, needs };
  }
  if (hasCompanions(input)) return unknown('Support for these quantised experts. This was not tested.');
  const [own] = row.disk;
  const rules = loadRulesOf(layout.modelType);
  const usual = rules?.stacks?.[0];
  const place = (stack: string) => (usual === undefined || ownsStack(input, stack) ? stack : usual);
  const hints = { stack: usual, layerKey: rules?.layerKey ?? null, place };
  const expected = own ? expectedIn(input, `${own.family}/${own.dialect}`, row.container, hints) : null;
  if (!expected) return unknown('Experts whose layout is known.');
  const routed = routedNames(input, hints);
  const report = compareNames(input, expected, rules?.ignored ?? []);
  const dropped = report.unexpected.some((name) => routed.has(name));
  const lacks = report.missing.length > 0 || dropped;
  const verdict = report.mismatched.length > 0 ? 'refuses' : lacks ? 'partial' : 'loads';
  const needs = verdict === 'partial' ? [report.missing.length > 0 ? LOOK : DROPPED] : [];
  return { ...report, verdict, evidence: READ, needs };
}

const LOOK = 'A check of its warnings: missing tensors are initialised at random.';
const DROPPED = 'A check of its warnings: experts that the model does not have are dropped.';

function unknown(need: string): Answer {
  return { ...NO_NAMES, verdict: 'unknown', evidence: { ...READ, kind: 'unverified' }, needs: [need] };
}

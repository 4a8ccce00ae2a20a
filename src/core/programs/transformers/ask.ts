import type { CheckpointTensor } from '../../checkpoint/types.ts';
import { architectureOf } from '../../layouts/architecture-rules.ts';
import { dialectOf } from '../../layouts/dialects.ts';
import type { LoadRules } from '../../layouts/families/loading.ts';
import { joinName } from '../../layouts/scan.ts';
import type { ExpertLayout, LayerGroup } from '../../layouts/types.ts';
import { type Expected, expectLayer, type Form } from '../../loads/expected.ts';
import { expertNames, hasCompanions, modelClass, quantMethod, routedNames } from '../../loads/expert-names.ts';
import { type LoadInput, sparseLayers, stackOf } from '../../loads/sparse-layers.ts';
import { joinStack, placeStack } from '../../loads/stacks.ts';
import { type Answer, type Evidence, type MemoryPlace, NO_NAMES, type Verdict } from '../../loads/types.ts';
import type { Shape } from '../../safetensors/types.ts';
import { createNameReader, type LoadReport, loadNames, type NameReader, renamed } from './load-names.ts';
import { DENSE_TYPES, loadRulesOf } from './load-rules.ts';
import { isUnchanged, unchangedNames } from './unchanged.ts';

const DATE = '2026-11-22';
/** The version whose rules these are. */
export const VERSION = '5.17.0';
/** How its rules are known where it was not run. */
export const READ: Evidence = {
  kind: 'source',
  source: `transformers ${VERSION}: conversion_mapping.py, core_model_loading.py and the model's own class`,
  date: DATE,
};
const RUN: Evidence = {
  kind: 'run',
  source: `transformers ${VERSION}, from_pretrained on a tiny checkpoint of this model type in this layout`,
  date: DATE,
};
const NOTHING_KNOWN: Evidence = { kind: 'unverified', source: `transformers ${VERSION} was not asked`, date: DATE };

/** Quantisations whose experts transformers 5 is known to take, and how. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(['fp8', 'mxfp4', 'compressed-tensors']);

/** Layouts that were loaded for every model type that was run. */
const TRIED: ReadonlySet<string> = new Set([
  'per-expert/projections',
  'gate-up/plain',
  'gate-up/weight',
  'gate-up-transposed/plain',
  'gate-up-transposed/weight',
  'stacked/plain',
  'stacked/weight',
  'stacked/bare',
  'stacked/switch-mlp',
]);

/** What transformers 5.17 makes of a checkpoint's experts, by its own rules for names and shapes. */
export function askTransformers5(input: LoadInput): Answer {
  const { modelType } = input.layout;
  const rules = loadRulesOf(modelType);
  if (!rules) return withoutRules(input, modelType);
  const method = quantMethod(input);
  if (method !== null && !KNOWN_METHODS.has(method)) return unknownMethod(method);
  const quantised = method !== null;
  const reader = createNameReader(rules, modelClass(input)?.includes('ForCausalLM') ?? true, quantised);
  const expected = expectedTensors(input, rules, reader, method);
  if (!expected) return { ...NO_NAMES, verdict: 'unknown', evidence: NOTHING_KNOWN, needs: [] };
  const experts = expertNames(input);
  const tensors = decompressed(input, method);
  const report = loadNames(tensors, expected, reader, (name) => experts.has(name) || experts.has(`${name}_packed`));
  return {
    verdict: verdictOf(input, report, method),
    missing: report.missing,
    unexpected: report.unexpected,
    mismatched: report.mismatched,
    evidence: evidenceOf(input, rules, report, quantised),
    needs: needsOf(input, report, method),
  };
}

function verdictOf(input: LoadInput, report: LoadReport, method: string | null): Verdict {
  if (report.mismatched.length > 0) return 'refuses';
  if (report.missing.length > 0 || dropsExperts(input, report)) return 'partial';
  if (method === null && hasCompanions(input)) return 'partial';
  return report.converted || method === 'compressed-tensors' ? 'loads-converting' : 'loads';
}

/** True when tensors of experts that the model has layers for have no place in it. */
function dropsExperts(input: LoadInput, { dropped }: LoadReport): boolean {
  const routed = routedNames(input, { layerKey: loadRulesOf(input.layout.modelType)?.layerKey ?? null });
  return dropped.some((name) => routed.has(name));
}

/** What is packed in integers becomes a plain weight before it is merged, with its scale and shape; nothing else is read. */
const UNPACKED_WITH = /\.weight_(scale|shape)$/;
const PACKED = /\.weight_packed$/;

/** The tensors as they are merged: those of compressed-tensors' integers decompressed, apart as they are. */
function decompressed(
  { checkpoint: { tensors }, layout }: LoadInput,
  method: string | null,
): Iterable<CheckpointTensor> {
  const packed = method === 'compressed-tensors' && layout.groups.some(isPacked);
  if (!packed) return tensors.values();
  return [...tensors.values()].flatMap((tensor) => {
    if (PACKED.test(tensor.name)) return [{ ...tensor, name: tensor.name.replace(PACKED, '.weight') }];
    const own = tensor.name.replace(UNPACKED_WITH, '.weight_packed');
    return own !== tensor.name && tensors.has(own) ? [] : [tensor];
  });
}

function isPacked({ layout, members }: LayerGroup): boolean {
  return layout?.family === 'per-expert' && members.some(({ part }) => part === 'weight_packed');
}

/** Every expert tensor that a model of this config has in memory; null where that is not known. */
function expectedTensors(
  input: LoadInput,
  rules: LoadRules,
  reader: NameReader,
  method: string | null,
): Expected | null {
  const { row } = input;
  const memory = rules.emptyExperts === null ? row?.memory : PLAIN;
  const spec = dialectOf(memory ?? null);
  if (!row || !spec) return null;
  const expected: Expected = new Map();
  const name = modelClass(input);
  const empty = rules.emptyExperts === null ? 0 : input.checkpoint.config?.[rules.emptyExperts];
  const form: Form = {
    spec,
    container: row.memoryContainer,
    gated: row.gated,
    biased: rules.biased,
    empty: typeof empty === 'number' ? empty : 0,
  };
  for (const layer of sparseLayers(input, { stack: rules.stacks?.[0], layerKey: rules.layerKey })) {
    const stack = layer.index === null ? layer.stack : placeStack(renamedStack(reader, layer.stack), rules, name);
    const container = layer.index === null ? '' : form.container;
    expectLayer(expected, joinStack(stack, layer.index), layer, { ...form, container });
  }
  return method === null ? expected : quantisedNames(expected, method, input);
}

/**
 * Where transformers 5 holds a group's experts, and how: the prefix before `experts` in its own spelling.
 *
 * Null for model types whose memory is not known to this program.
 */
export function memoryPlace(input: LoadInput, group: LayerGroup): MemoryPlace | null {
  const rules = loadRulesOf(input.layout.modelType);
  const { row } = input;
  const spec = dialectOf((rules?.emptyExperts === null ? row?.memory : PLAIN) ?? null);
  if (!rules || !row || !spec || group.index === null) return null;
  const name = modelClass(input);
  const reader = createNameReader(rules, name?.includes('ForCausalLM') ?? true, quantMethod(input) !== null);
  const stack = placeStack(renamedStack(reader, stackOf(group)), rules, name);
  return { prefix: joinName(joinStack(stack, group.index), row.memoryContainer), spec };
}

const PLAIN: ExpertLayout = { family: 'gate-up', dialect: 'plain' };

function renamedStack(reader: NameReader, stack: string): string {
  return renamed(reader, `${stack}.0.x`).slice(0, -'.0.x'.length);
}

/** FP8 experts have scales beside them; MXFP4 ones are blocks and scales; what is decompressed has neither. */
function quantisedNames(expected: Expected, method: string, input: LoadInput): Expected {
  const mxfp4 = input.layout.groups.some((group) => group.layout?.dialect === 'gpt-oss-mxfp4');
  const names: [string, Shape | null][] = [];
  for (const [name, shape] of expected) {
    if (name.endsWith('_bias')) names.push([name, shape]);
    else if (method === 'mxfp4' && mxfp4) names.push([`${name}_blocks`, null], [`${name}_scales`, null]);
    else
      names.push(
        [name, shape],
        ...(method === 'fp8' ? [[`${name}_scale_inv`, null] as const] : []).map((each): [string, null] => [...each]),
      );
  }
  return new Map(names);
}

function evidenceOf(
  { checkpoint, layout, row }: LoadInput,
  rules: LoadRules,
  report: LoadReport,
  quantised: boolean,
): Evidence {
  const groups = layout.groups.filter((group) => group.kind === 'moe');
  const tried = groups.every((group) => {
    const own = row?.disk.some((each) => each.family === group.layout?.family && each.dialect === group.layout.dialect);
    return own || TRIED.has(`${group.layout?.family}/${group.layout?.dialect}`);
  });
  const plain = layout.layout !== 'mixed' && report.failed.length === 0;
  return rules.run && tried && plain && !quantised && checkpoint.config !== null ? RUN : READ;
}

const LOOK = 'A check of the load report: missing tensors are initialised at random, and no exception is raised.';

const DROPPED =
  'A check of the load report: experts that the model does not have are dropped, and no exception is raised.';

function needsOf(input: LoadInput, report: LoadReport, method: string | null): string[] {
  const needs: string[] = [];
  if (!input.checkpoint.config) needs.push('A config.json with the model type. Without it, nothing is loaded.');
  if (report.failed.length > 0)
    needs.push('All projections of all experts, each stored once. These tensors cannot be combined.');
  if (report.missing.length > 0) needs.push(LOOK);
  else if (dropsExperts(input, report)) needs.push(DROPPED);
  if (method === null && hasCompanions(input))
    needs.push(
      '`quantization_config` in config.json: without it, the scales are dropped and the weights are read without scaling.',
    );
  if (method === 'mxfp4') needs.push('Triton kernels for MXFP4; otherwise the experts are dequantised to bf16.');
  if (method === 'compressed-tensors')
    needs.push('Memory for bf16: the experts are decompressed while they are merged.');
  if (input.layout.groups.some((group) => group.kind === 'mtp'))
    needs.push('No action for multi-token prediction: its layers are not part of the model and are dropped.');
  return needs;
}

function withoutRules(input: LoadInput, modelType: string | null): Answer {
  if (modelType !== null && isUnchanged(modelType)) return unchanged(input);
  const dense = modelType !== null && DENSE_TYPES.has(modelType);
  if (dense && input.layout.layout === 'dense' && input.checkpoint.config?.is_moe !== true)
    return { ...NO_NAMES, verdict: 'loads', evidence: RUN, needs: [] };
  const needs =
    modelType === null
      ? ['A config.json with the model type.']
      : dense
        ? [`A checkpoint without experts: how ${modelType} holds them was not tested.`]
        : architectureOf(modelType)?.remote
          ? [
              `trust_remote_code: transformers ${VERSION} has no classes for ${modelType}, whose repo contains its own code. That code was not tested.`,
            ]
          : [`Code for ${modelType}: transformers ${VERSION} is not known to include it.`];
  return { ...NO_NAMES, verdict: 'unknown', evidence: NOTHING_KNOWN, needs };
}

/** Experts whose names are the same on disk and in memory. */
function unchanged(input: LoadInput): Answer {
  const report = unchangedNames(input);
  if (!report) {
    const needs = ['Experts and routers, with `num_experts` in config.json.'];
    return { ...NO_NAMES, verdict: 'unknown', evidence: NOTHING_KNOWN, needs };
  }
  const verdict = report.missing.length > 0 ? 'partial' : 'loads';
  return { ...report, verdict, evidence: READ, needs: verdict === 'partial' ? [LOOK] : [] };
}

function unknownMethod(method: string): Answer {
  const needs = [`Support for experts quantised with ${method}, which was not looked into.`];
  return { ...NO_NAMES, verdict: 'unknown', evidence: NOTHING_KNOWN, needs };
}

import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { architectureOf, modelTypeOf } from '../layouts/architecture-rules.ts';
import { detectLayout } from '../layouts/detect.ts';
import { asTarget, configChangesFor, renameTensor } from '../layouts/target.ts';
import type { Assumption, CheckpointLayout, LayerGroup, LayoutConfigChange, TargetLayout } from '../layouts/types.ts';
import type { FileOffset } from '../safetensors/types.ts';
import { absentExperts } from './absent.ts';
import { harmed } from './harms.ts';
import type { LoadInput } from './sparse-layers.ts';
import type { Answer, LoadingProgram, LoadsFacet, PlannedTensor, ProgramVerdict } from './types.ts';

type Config = Checkpoint['config'];
type Readable = LoadInput['checkpoint'];

/**
 * Which programs load a checkpoint's experts, from its names, shapes and config alone; values are not looked at.
 *
 * One verdict for each of `programs`, in their order. Findings count where `checkpoint` has them. A swap of gate and up, or experts in the wrong order, shows in no
 * name: such a checkpoint is said to load. A cure is a conversion after which the same prediction is a good one.
 */
export function predict<Id extends string>(
  programs: readonly LoadingProgram<Id>[],
  checkpoint: Readable,
  layout: CheckpointLayout = detectLayout(checkpoint),
): ProgramVerdict<Id>[] {
  return [...predictEach(programs, checkpoint, layout)];
}

/** {@link predict}, one program after another: between two of them the caller can do other work. */
export function* predictEach<Id extends string>(
  programs: readonly LoadingProgram<Id>[],
  checkpoint: Readable,
  layout: CheckpointLayout,
): Generator<ProgramVerdict<Id>, void> {
  const input = inputOf(checkpoint, layout);
  const converted = new Map<TargetLayout, LoadInput | null>();
  const conversion = (target: TargetLayout) => {
    const known = converted.get(target);
    if (known !== undefined) return known;
    const made = convertedInput(input, target);
    converted.set(target, made);
    return made;
  };
  for (const program of programs) yield verdictOf(program, input, conversion);
}

/** What is known of a conversion beside its tensors. */
export interface TargetFacts {
  readonly config: Config;
  readonly changes?: readonly LayoutConfigChange[];
  readonly assume?: Assumption;
}

/**
 * Who will load what a conversion writes, before it is written.
 *
 * `outputs` are the planned tensors, `config` the source's config.json and `changes` what the plan changes in it.
 */
export function predictOutputs<Id extends string>(
  programs: readonly LoadingProgram<Id>[],
  outputs: Iterable<PlannedTensor>,
  facts: TargetFacts,
): ProgramVerdict<Id>[] {
  return [...predictOutputsEach(programs, outputs, facts)];
}

/** {@link predictOutputs}, one program after another: between two of them the caller can do other work. */
export function* predictOutputsEach<Id extends string>(
  programs: readonly LoadingProgram<Id>[],
  outputs: Iterable<PlannedTensor>,
  facts: TargetFacts,
): Generator<ProgramVerdict<Id>, void> {
  const tensors = new Map<string, CheckpointTensor>();
  for (const output of outputs) tensors.set(output.name, placed(output));
  const checkpoint = { tensors, config: changedConfig(facts.config, facts.changes ?? []) };
  yield* predictEach(programs, checkpoint, detectLayout(checkpoint, facts.assume ? { assume: facts.assume } : {}));
}

/** True for a verdict that leaves every expert as it was trained. */
export function isGood({ verdict }: Pick<ProgramVerdict, 'verdict'>): boolean {
  return verdict === 'loads' || verdict === 'loads-converting';
}

/** What verdicts on a checkpoint are made from. */
export function inputOf(checkpoint: Readable, layout: CheckpointLayout): LoadInput {
  return { checkpoint, layout, row: architectureOf(layout.modelType) };
}

function verdictOf<Id extends string>(
  { id, title, loads }: LoadingProgram<Id>,
  input: LoadInput,
  conversion: (target: TargetLayout) => LoadInput | null,
): ProgramVerdict<Id> {
  const answer = ask({ id, loads }, input);
  const cure = isGood(answer)
    ? undefined
    : loads.cures.find((target) => {
        const made = conversion(target);
        return made !== null && isGood(ask({ id, loads }, made));
      });
  return { id, title: loads.title ?? title, version: loads.version, ...answer, cure: cure ?? null };
}

/** A program's own answer, unless the checkpoint is harmed, or lacks experts and the answer is a good one. */
function ask({ id, loads }: Pick<LoadingProgram, 'id' | 'loads'>, input: LoadInput): Answer {
  const answer = harmed(loads.minds ?? {}, input, limited(loads.ask(input, id), loads.limits, input));
  if (!isGood(answer)) return withoutInference(answer);
  const lack = absentExperts(input);
  if (lack === null) return withInference(answer, input);
  const evidence = { ...answer.evidence, kind: 'unverified' } as const;
  return withoutInference({ ...answer, verdict: 'unknown', evidence, needs: [...answer.needs, lack] });
}

/** An answer by names and shapes, unless the program is known not to take quantised experts of this kind. */
function limited(answer: Answer, limits: LoadsFacet['limits'], input: LoadInput): Answer {
  const limit = isGood(answer) || answer.verdict === 'unknown' ? limits?.(input) : null;
  if (!limit) return answer;
  const { verdict, evidence, says } = limit;
  return { ...answer, verdict, evidence, needs: [says, ...answer.needs] };
}

/** A verdict that is no good one assumes nothing that would matter. */
function withoutInference({ inference, ...answer }: Answer): Answer {
  return answer;
}

/** What a good verdict assumes: the model type where it was assumed, the class where the config names none. */
function withInference(answer: Answer, { checkpoint: { config }, layout }: LoadInput): Answer {
  const { inference } = answer;
  const classes = config?.architectures;
  const taken = [
    ...(inference === undefined ? [] : [inference]),
    ...(layout.modelType !== modelTypeOf(config) ? [`That this is ${layout.modelType}, as you assumed.`] : []),
    ...(config && !Array.isArray(classes) ? ['That its class is the usual one: config.json names none.'] : []),
  ];
  return taken.length === 0 ? answer : { ...answer, inference: taken.join(' ') };
}

const NOWHERE = 0 as FileOffset;

function placed({ name, dtype, shape }: PlannedTensor): CheckpointTensor {
  return { name, dtype, shape, file: '', start: NOWHERE, end: NOWHERE };
}

/** A checkpoint as a conversion would leave it; null when it cannot be converted. */
export function convertedInput({ checkpoint, layout }: LoadInput, target: TargetLayout): LoadInput | null {
  if (checkpoint.findings?.some(({ severity }) => severity === 'error')) return null;
  const groups = layout.groups.filter((group) => group.kind === 'moe');
  if (groups.length === 0 || groups.some((group) => group.defects.length > 0)) return null;
  const made = groups.map((group) => asTarget(group, target, layout.modelType));
  const tensors = new Map<string, CheckpointTensor>();
  for (const answer of made) {
    if ('refusal' in answer) return null;
    for (const output of memberTensors(answer.group)) {
      if (tensors.has(output.name)) return null;
      tensors.set(output.name, output);
    }
  }
  const consumed = new Set(groups.flatMap((group) => group.expertTensors));
  for (const tensor of checkpoint.tensors.values()) {
    if (consumed.has(tensor.name)) continue;
    const name = renameTensor(tensor.name, layout.modelType, target, layout);
    if (tensors.has(name)) return null;
    tensors.set(name, { ...tensor, name });
  }
  const config = changedConfig(checkpoint.config, configChangesFor(checkpoint.config, layout.modelType, target));
  const assume = layout.modelType === null ? {} : { assume: { modelType: layout.modelType } };
  return inputOf({ tensors, config }, detectLayout({ tensors, config }, assume));
}

function memberTensors(group: LayerGroup): CheckpointTensor[] {
  return group.members.flatMap((member) => {
    const count = member.template.includes('{i}') ? (group.experts ?? 0) : 1;
    return Array.from({ length: count }, (_, expert) =>
      placed({ ...member, name: member.template.replaceAll('{i}', String(expert)) }),
    );
  });
}

function changedConfig(config: Config, changes: readonly LayoutConfigChange[]): Config {
  if (!config) return config;
  return changes.reduce((current, { key, after }) => withKey(current, key.split('.'), after), config);
}

function withKey(
  config: Readonly<Record<string, unknown>>,
  [first, ...rest]: readonly string[],
  after: unknown,
): Readonly<Record<string, unknown>> {
  if (first === undefined) return config;
  if (rest.length === 0) return { ...config, [first]: after };
  const inner = config[first];
  const part = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {};
  return { ...config, [first]: withKey({ ...part }, rest, after) };
}

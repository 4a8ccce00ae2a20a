import type { Checkpoint } from '../checkpoint/types.ts';
import type { Emitted } from '../embed/emitted.ts';
import { type LoadScript, scriptOf } from '../handoff/load-script.ts';
import { type ExpertSample, type HashedSample, samplesOf } from '../handoff/load-script-samples.ts';
import { type CardFacts, cardOf } from '../handoff/model-card.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import { predict, predictEach, predictOutputs, predictOutputsEach, type TargetFacts } from '../loads/predict.ts';
import type { LoadInput } from '../loads/sparse-layers.ts';
import type { PlannedTensor, ProgramVerdict } from '../loads/types.ts';
import type { PlanOptions } from '../plan/conversion.ts';
import type { ConversionPlan } from '../plan/types.ts';
import { PROGRAMS, type ProgramId } from './all.ts';
import { type ProgramWith, programsWith, USES, type Use } from './program.ts';

/** Every program that loads checkpoints, in the order of every list of verdicts: widely used ones first, forks last. */
export const LOADERS: readonly ProgramWith<ProgramId, 'loads'>[] = USES.flatMap((use) =>
  programsWith(PROGRAMS, 'loads').filter((program) => program.use === use),
);

/** How much one of `LOADERS` is used. @throws RangeError for a program that loads no checkpoints. */
export function loaderUse(id: ProgramId): Use {
  return loaderOf(id).use;
}

/** The program of `LOADERS` that people call so, by its id or another spelling; undefined where there is none. */
export function loaderNamed(text: string): ProgramWith<ProgramId, 'loads'> | undefined {
  return LOADERS.find(({ id, aliases = [] }) => id === text || aliases.includes(text));
}

/** What one of `LOADERS` makes of a checkpoint. */
export type ConsumerVerdict = ProgramVerdict<ProgramId>;

/**
 * Which programs load a checkpoint: one verdict for each program, widely used programs first. Pure; needs only headers.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { predictLoads } from 'moe-loom/loads';
 * import { openFolder } from 'moe-loom/node';
 * const verdicts = predictLoads(await openCheckpoint(await openFolder('model')));
 * console.log(verdicts.find(({ id }) => id === 'vllm').verdict); // → loads
 * ```
 */
export function predictLoads(checkpoint: LoadInput['checkpoint'], layout?: CheckpointLayout): ConsumerVerdict[] {
  return predict(LOADERS, checkpoint, layout);
}

/** `predictLoads`, one program after another: between two of them the caller can do other work. */
export function predictLoadsEach(
  checkpoint: LoadInput['checkpoint'],
  layout: CheckpointLayout,
): Generator<ConsumerVerdict, void> {
  return predictEach(LOADERS, checkpoint, layout);
}

/** Who will load what a conversion writes: `predictOutputs` for all of `LOADERS`. */
export function predictTarget(outputs: Iterable<PlannedTensor>, facts: TargetFacts): ConsumerVerdict[] {
  return predictOutputs(LOADERS, outputs, facts);
}

/**
 * What programs will do with the output of a plan: one verdict for each program; null if the plan is refused.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { predictPlan } from 'moe-loom/loads';
 * import { openFolder } from 'moe-loom/node';
 * import { planConversion } from 'moe-loom/plan';
 * const checkpoint = await openCheckpoint(await openFolder('model'));
 * const verdicts = predictPlan(checkpoint, planConversion(checkpoint, 'gate-up'), {});
 * console.log(verdicts.find(({ id }) => id === 'vllm').verdict); // → refuses
 * ```
 */
export function predictPlan(
  { config }: Pick<Checkpoint, 'config'>,
  plan: ConversionPlan,
  { assume }: Pick<PlanOptions, 'assume'>,
): ConsumerVerdict[] | null {
  const each = predictPlanEach({ config }, plan, { assume });
  return each && [...each];
}

/** {@link predictPlan}, one program after another: between two of them the caller can do other work. */
export function predictPlanEach(
  { config }: Pick<Checkpoint, 'config'>,
  plan: ConversionPlan,
  { assume }: Pick<PlanOptions, 'assume'>,
): Generator<ConsumerVerdict, void> | null {
  if (plan.refusals.length > 0) return null;
  const facts = { config, changes: plan.configChanges, ...(assume === undefined ? {} : { assume }) };
  return predictOutputsEach(
    LOADERS,
    plan.shards.flatMap(({ tensors }) => tensors),
    facts,
  );
}

/** The script that holds a program to a verdict: see `scriptOf`. @throws RangeError for a verdict of another program. */
export function loadScript(predicted: ConsumerVerdict, samples?: readonly HashedSample[]): LoadScript {
  return scriptOf(loaderOf(predicted.id), predicted, samples);
}

/** The experts that such a script compares: see `samplesOf`. @throws RangeError for a verdict of another program. */
export function expertSamples(
  checkpoint: Pick<Checkpoint, 'tensors' | 'config'>,
  layout: CheckpointLayout,
  predicted: Pick<ConsumerVerdict, 'id' | 'missing' | 'mismatched' | 'verdict'>,
): ExpertSample[] {
  return samplesOf(loaderOf(predicted.id), checkpoint, layout, predicted);
}

/** README.md for what a conversion writes: `cardOf` with all of `LOADERS`. */
export function modelCard(facts: CardFacts): Emitted<'markdown'> {
  return cardOf(facts, LOADERS);
}

function loaderOf(id: ProgramId): ProgramWith<ProgramId, 'loads'> {
  const found = LOADERS.find((program) => program.id === id);
  if (!found) throw new RangeError(`${id} loads no checkpoints.`);
  return found;
}

import { readCompanionValues } from '../checkpoint/read-companion-values.ts';
import type { Checkpoint } from '../checkpoint/types.ts';
import type { FileSet } from '../source/types.ts';
import { type PlanOptions, planConversion } from './conversion.ts';
import type { ConversionPlan, Target } from './types.ts';

export interface PlanReadingOptions extends PlanOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * {@link planConversion}; where values of companions alone would decide, reads exactly those and plans again.
 *
 * @throws LoomError `not-convertible` when they are too many bytes to read for a plan, and what sources throw.
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * import { planWithValues } from 'moe-loom/plan';
 * const files = await openFolder('model');
 * const plan = await planWithValues(await openCheckpoint(files), files, 'gate-up');
 * console.log(plan.refusals); // → []
 * ```
 */
export async function planWithValues(
  checkpoint: Checkpoint,
  files: FileSet,
  target: Target,
  { signal, ...options }: PlanReadingOptions = {},
): Promise<ConversionPlan> {
  const plan = planConversion(checkpoint, target, options);
  const needed = plan.refusals.flatMap((refusal) => refusal.needs ?? []);
  if (needed.length === 0) return plan;
  const values = await readCompanionValues(checkpoint, needed, files, { signal });
  return planConversion(checkpoint, target, { ...options, values });
}

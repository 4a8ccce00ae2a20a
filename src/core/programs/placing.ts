import type { Emitted } from '../embed/emitted.ts';
import { rankAssertion as assertionOf } from '../handoff/rank-assertion.ts';
import type { RankHashes } from '../handoff/rank-hashes.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import type { Target } from '../plan/types.ts';
import { loadingWarnings as warningsOf } from '../ranks/loading.ts';
import { type NearSizes, nearSizes as near } from '../ranks/near.ts';
import { planPlacement as place, refusalOf as refuse } from '../ranks/placement.ts';
import { readSettings as read, type SetValues } from '../ranks/settings.ts';
import { type RankModel, type RankSummary, ranksOf as ranks, refused, summarize as summary } from '../ranks/summary.ts';
import type { TensorIndex } from '../ranks/tensor-index.ts';
import type {
  ModelFacts,
  Placement,
  PlacementError,
  PlacementFile,
  PlacementOptions,
  PlacingProgram,
  PlanEntry,
} from '../ranks/types.ts';
import { PROGRAMS, type ProgramId } from './all.ts';
import { programsWith } from './program.ts';
import { transformers5 } from './transformers/program.ts';

/** What a placement is asked for: a program and its sizes. */
export interface RankOptions extends PlacementOptions {
  readonly framework: ProgramId;
}

/** Programs that place experts, in the order of the list. */
export const FRAMEWORKS = programsWith(PROGRAMS, 'placement');

/** The program whose placement is shown if no program is named. */
export const DEFAULT_RANK_PROGRAM: ProgramId = transformers5.id;

/**
 * True for the id of a program that places experts.
 *
 * @example
 * ```ts
 * import { isFrameworkId } from 'moe-loom/ranks';
 * console.log(isFrameworkId('vllm'), isFrameworkId('nothing')); // → true false
 * ```
 */
export function isFrameworkId(text: string): text is ProgramId {
  return frameworkOf(text) !== undefined;
}

/** The program of an id that places experts; undefined for any other text. */
export function frameworkOf(id: string) {
  return FRAMEWORKS.find((program) => program.id === id);
}

/** The id that a name or another spelling of it represents; null for any other text. */
export function frameworkIdOf(text: string): ProgramId | null {
  const found = frameworkOf(text) ?? FRAMEWORKS.find(({ aliases }) => aliases?.includes(text));
  return found?.id ?? null;
}

/** Sizes by the named program's own option names: {@link readSettings} of its id. */
export function readSettings(framework: ProgramId, entries: readonly string[]): SetValues | PlacementError {
  const program = known(framework);
  return 'error' in program ? program : read(program, entries);
}

/** The nearest sizes that the named program would take instead of those that it refuses. */
export function nearSizes(options: RankOptions, facts: ModelFacts): readonly NearSizes[] {
  const program = known(options.framework);
  return 'error' in program ? [] : near(program, options, facts);
}

function known(id: string): PlacingProgram | PlacementError {
  return frameworkOf(id) ?? { error: `${id} is not known to this program.` };
}

/**
 * Which rank holds which experts under the named program's rules, or its message where it would refuse.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { planPlacement, rankModelOfConfig } from 'moe-loom/ranks';
 * const { facts } = rankModelOfConfig(JSON.parse(await readFile('config.json', 'utf8')));
 * const placement = planPlacement({ framework: 'vllm', ep: 8 }, facts);
 * console.log('error' in placement ? placement.error : placement.ranks.length); // → 8
 * ```
 */
export function planPlacement(options: RankOptions, facts: ModelFacts): Placement | PlacementError {
  const program = known(options.framework);
  return 'error' in program ? program : place(program, options, facts);
}

/** The message with which {@link planPlacement} would refuse, null where it would not or lacks a file. */
export function refusalOf(options: RankOptions, facts: ModelFacts): string | null {
  const program = known(options.framework);
  return 'error' in program ? program.error : refuse(program, options, facts);
}

/**
 * The placement of a model as `moe-loom ranks --json` prints it; `error` says why there is none.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { rankModelOfConfig, summarize } from 'moe-loom/ranks';
 * const model = rankModelOfConfig(JSON.parse(await readFile('config.json', 'utf8')));
 * const { ranks } = summarize(model, { framework: 'vllm', ep: 8 });
 * console.log(ranks.length, ranks[7].experts); // → 8 [ [ 112, 128 ] ]
 * ```
 */
export function summarize(model: RankModel | PlacementError, options: RankOptions): RankSummary {
  const program = known(options.framework);
  return 'error' in program ? refused(options.framework, program.error) : summary(program, model, options);
}

/**
 * Which rank of a program holds which experts, how many bytes, and which ranges of which files it reads.
 *
 * @example
 * ```ts
 * import { detectLayout, openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * import { ranksOf } from 'moe-loom/ranks';
 * const checkpoint = await openCheckpoint(await openFolder('model'));
 * const { ranks } = ranksOf(checkpoint, detectLayout(checkpoint), { framework: 'transformers-5', ep: 4 });
 * console.log(ranks[3].experts); // → [ [ 9, 12 ] ]
 * ```
 */
export function ranksOf(
  checkpoint: RankModel['checkpoint'],
  layout: CheckpointLayout,
  options: RankOptions & { readonly to?: Target | undefined },
): RankSummary {
  const program = known(options.framework);
  return 'error' in program ? refused(options.framework, program.error) : ranks(checkpoint, layout, program, options);
}

/** The expert-parallel plan of a model type in a program that has such plans; null where there is none. */
export function expertPlanOf(framework: ProgramId, modelType: string | null): readonly PlanEntry[] | null {
  return frameworkOf(framework)?.placement.plan?.(modelType) ?? null;
}

/** What no error message says about loading a layout with the program of a placement. */
export function loadingWarnings(placement: Placement, layout: CheckpointLayout, tensorIndex: TensorIndex): string[] {
  const program = frameworkOf(placement.framework);
  return program ? warningsOf(program, placement, layout, tensorIndex) : [];
}

/** The assertion script of a placement; null where it cannot load with the placement's program, or {@link assertionLimit} says why. */
export function rankAssertion(model: RankModel, placement: Placement, hashes?: RankHashes): Emitted<'python'> | null {
  const how = frameworkOf(placement.framework)?.placement.assertion;
  return how === undefined || assertionLimit(model) !== null ? null : assertionOf(model, placement, how, hashes);
}

/** Why there is no assertion script for a model with any program; null where there may be one. */
export function assertionLimit({ facts: { towers } }: Pick<RankModel, 'facts'>): string | null {
  if (!towers) return null;
  return `The assertion script tells layers apart by their numbers, and ${towers.join(' and ')} have layers of the same number.`;
}

/** Files of programs' own that say a placement, by the program's id. */
export const PLACEMENT_FILES: readonly (PlacementFile & { readonly id: ProgramId })[] = FRAMEWORKS.flatMap(
  ({ id, placement: { placementFile } }) => (placementFile ? [{ id, ...placementFile }] : []),
);

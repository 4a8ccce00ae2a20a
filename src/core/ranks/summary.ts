import type { Checkpoint } from '../checkpoint/types.ts';
import { detectLayout } from '../layouts/detect.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import { planConversion } from '../plan/conversion.ts';
import type { ConversionPlan, Target } from '../plan/types.ts';
import { type PlanReadingOptions, planWithValues } from '../plan/with-values.ts';
import { plural } from '../units.ts';
import { heldBytes, plannedCheckpoint, rankReads } from './bytes.ts';
import { modelFacts } from './facts.ts';
import { loadingOf, loadingWarnings, ownWay, type ReadBytes, readBytes } from './loading.ts';
import { axisSize } from './mesh.ts';
import { type NearSizes, nearSizes } from './near.ts';
import { expertShare, holdsLayer, intervals, planPlacement } from './placement.ts';
import { indexTensors, type TensorIndex } from './tensor-index.ts';
import type {
  Coords,
  Mesh,
  ModelFacts,
  Placement,
  PlacementError,
  PlacementOptions,
  PlacingProgram,
  RankPlace,
} from './types.ts';

export type Interval = readonly [start: number, end: number];

export interface RankEntry {
  readonly rank: number;
  readonly coords: Coords;
  /** Half-open intervals of experts; if layers differ, of all layers together. */
  readonly experts: readonly Interval[];
  /** Intervals by the prefix of the layer group if layers differ, else null. */
  readonly layers: Readonly<Record<string, readonly Interval[]>> | null;
  /** Experts of its expert-parallel rank in the order of slots, copies included, in its first layer. */
  readonly slots: readonly number[];
  /** The part of the intermediate size of each expert that it holds: index and number of parts. */
  readonly slice: readonly [index: number, of: number];
  /** Bytes that the rank keeps. */
  readonly bytes: number;
  /** Bytes that it reads, by way of loading; null without files. */
  readonly read: ReadBytes | null;
  /** The byte ranges of what it holds; offsets are from byte 0 of the file. */
  readonly reads: readonly { readonly file: string; readonly offset: number; readonly length: number }[];
}

export interface MeshSummary {
  readonly world: number;
  /** Size of every axis, folded ones included. */
  readonly dims: Readonly<Record<string, number>>;
  /** Axes in which ranks are numbered, the last changing fastest. */
  readonly order: readonly string[];
  /** The same for experts, where they have a grid of their own. */
  readonly expert_order: readonly string[] | null;
}

/** What `moe-loom ranks --json` prints: a contract. Intervals are half-open. */
export interface RankSummary {
  readonly framework: string;
  readonly mesh: MeshSummary | null;
  readonly error: string | null;
  /** For a refused set-up: the nearest sizes that the program accepts, with everything else unchanged. */
  readonly near?: readonly NearSizes[];
  /** The way of `read` in which the framework loads by itself, null where it has no loader of these files; absent in refusals. */
  readonly loading?: 'spans' | 'everything' | null;
  /** Without the ranks that hold nothing, where a program places experts on a part of the world. */
  readonly ranks: readonly RankEntry[];
  readonly warnings: readonly string[];
}

/** Everything that a placement is computed from. Made once for a checkpoint and a layout. */
export interface RankModel {
  readonly checkpoint: Checkpoint;
  readonly layout: CheckpointLayout;
  readonly facts: ModelFacts;
  readonly tensorIndex: TensorIndex;
  /** Assumptions about values that the config does not give; absent if files give them. */
  readonly assumed?: readonly string[];
  /** True if only a config is known: held bytes are known, byte ranges are not. */
  readonly withoutFiles?: true;
}

/**
 * The model of a checkpoint in its present layout.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * import { rankModel } from 'moe-loom/ranks';
 * const { facts } = rankModel(await openCheckpoint(await openFolder('model')));
 * console.log(facts.moeLayers.map(({ experts }) => experts)); // → [ 12, 12 ]
 * ```
 */
export function rankModel(checkpoint: Checkpoint, layout: CheckpointLayout = detectLayout(checkpoint)): RankModel {
  const facts = modelFacts(checkpoint, layout);
  // Without placeable experts nothing is indexed, because a name can claim any number of experts.
  const dealt = facts.undealt === undefined ? layout : { ...layout, groups: [] };
  return { checkpoint, layout, facts, tensorIndex: indexTensors(checkpoint, dealt) };
}

/** The model of the output of a conversion, or the messages of its refusals. */
export function rankModelFor(
  checkpoint: Checkpoint,
  target: Target,
  options: Parameters<typeof planConversion>[2] = {},
): RankModel | PlacementError {
  return modelOfPlan(checkpoint, planConversion(checkpoint, target, options));
}

/** {@link rankModelFor}; if only values of companion tensors decide, it reads exactly those, as a conversion does. */
export async function rankModelWithValues(
  checkpoint: Checkpoint,
  files: Parameters<typeof planWithValues>[1],
  target: Target,
  options: PlanReadingOptions = {},
): Promise<RankModel | PlacementError> {
  return modelOfPlan(checkpoint, await planWithValues(checkpoint, files, target, options));
}

function modelOfPlan(checkpoint: Checkpoint, plan: ConversionPlan): RankModel | PlacementError {
  if (plan.refusals.length > 0) return { error: plan.refusals.map((refusal) => refusal.message).join(' ') };
  return rankModel(plannedCheckpoint(plan, checkpoint));
}

/** Which rank of a framework holds which experts, how many bytes, and which ranges of which files it reads. */
export function ranksOf(
  checkpoint: Checkpoint,
  layout: CheckpointLayout,
  program: PlacingProgram,
  options: PlacementOptions & { readonly to?: Target | undefined },
): RankSummary {
  const model = options.to === undefined ? rankModel(checkpoint, layout) : rankModelFor(checkpoint, options.to);
  return summarize(program, model, options);
}

/** {@link ranksOf} of an existing model, or of the reason why there is none. */
export function summarize(
  program: PlacingProgram,
  model: RankModel | PlacementError,
  options: PlacementOptions,
): RankSummary {
  if ('error' in model) return refused(program.id, model.error);
  const placement = planPlacement(program, options, model.facts);
  if ('error' in placement) {
    const refusal = refused(program.id, placement.error);
    // Other sizes can help if the program refuses, but not if the checkpoint is the reason.
    return placement.by === 'checkpoint' ? refusal : { ...refusal, near: nearSizes(program, options, model.facts) };
  }
  const held = heldBytes(model.tensorIndex, placement);
  let byColumns = 0;
  const placed = placement.ranks.filter(({ ep }) => ep >= 0);
  const ranks = placed.map((place): RankEntry => {
    const mine = model.withoutFiles ? null : rankReads(model.tensorIndex, placement, place.rank);
    byColumns = Math.max(byColumns, mine?.byColumns ?? 0);
    return {
      rank: place.rank,
      coords: place.coords,
      ...expertsOf(placement, place.rank),
      slots: slotsOf(placement, place),
      slice: [place.etp.index, place.etp.of],
      bytes: held[place.rank]?.total ?? 0,
      read: mine && readBytes(loadingOf(model.tensorIndex, placement, place.rank, mine), placement),
      reads: mine?.reads.map(({ file, offset, length }) => ({ file, offset, length })) ?? [],
    };
  });
  const columns = `A rank needs only some columns of ${plural(byColumns, 'tensor')}. It reads whole rows and discards the other columns.`;
  const about = model.withoutFiles
    ? [...(model.assumed ?? []), 'Only a config was given. Sizes follow from its architecture, and no files are read.']
    : loadingWarnings(program, placement, model.layout, model.tensorIndex);
  const warnings = [...placement.warnings, ...about];
  return {
    framework: program.id,
    mesh: meshSummary(placement.mesh),
    error: null,
    loading: ownWay(placement),
    ranks,
    warnings: byColumns > 0 ? [...warnings, columns] : warnings,
  };
}

/** The summary of a refused placement, with the message of the program or of the conversion. */
export function refused(framework: string, error: string): RankSummary {
  return { framework, mesh: null, error, ranks: [], warnings: [] };
}

/** A rank's experts as intervals, by layer where layers differ. */
export function expertsOf(placement: Placement, rank: number): Pick<RankEntry, 'experts' | 'layers'> {
  const place = placement.ranks[rank];
  if (!place) throw new RangeError(`There is no rank ${rank}.`);
  const held = placement.layers.filter((layer) => holdsLayer(placement, place, layer.index));
  const [first] = held;
  if (!first) return { experts: [], layers: null };
  if (placement.uniform) return { experts: intervals(expertShare(placement, place, first).experts), layers: null };
  const shares = held.map((layer) => [layer.prefix, expertShare(placement, place, layer).experts] as const);
  return {
    experts: intervals(shares.flatMap(([, experts]) => experts)),
    layers: Object.fromEntries(shares.map(([prefix, experts]) => [prefix, intervals(experts)])),
  };
}

function slotsOf(placement: Placement, place: RankPlace): readonly number[] {
  const layer = placement.layers.find(({ index }) => holdsLayer(placement, place, index));
  return layer?.slots[place.ep] ?? [];
}

export function meshSummary(mesh: Mesh): MeshSummary {
  const names = [
    ...mesh.grids.flatMap((grid) => grid.map((axis) => axis.name)),
    ...mesh.folds.map((fold) => fold.name),
  ];
  const [order = [], own] = mesh.grids.map((grid) => grid.map((axis) => axis.name));
  return {
    world: mesh.world,
    dims: Object.fromEntries(names.map((name) => [name, axisSize(mesh, name)])),
    order,
    expert_order: own ?? null,
  };
}

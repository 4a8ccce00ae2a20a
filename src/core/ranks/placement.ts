import { formatInteger, plural } from '../units.ts';
import { dealLayers, isBalanced, rowOf } from './deal-layers.ts';
import { layerWarnings } from './layer-warnings.ts';
import { chunk, placeRanks } from './mesh.ts';
import type {
  LayerPlacement,
  Mesh,
  ModelFacts,
  Part,
  Placement,
  PlacementError,
  PlacementOptions,
  PlacingProgram,
  RankPlace,
  SetUp,
  Strategy,
} from './types.ts';

/** More ranks than any run that is known of; beyond it a typing error is likelier than a cluster. */
export const MAX_RANKS = 16_384;

type Slots = LayerPlacement['slots'];

/**
 * Which rank holds which experts under a program's own rules, or its own message where it would refuse.
 *
 * Limits come before anything else. Nothing is read.
 */
export function planPlacement(
  program: PlacingProgram,
  options: PlacementOptions,
  facts: ModelFacts,
): Placement | PlacementError {
  if (facts.moeLayers.length === 0) return { error: facts.undealt ?? NO_EXPERTS, by: 'checkpoint' };
  const planned = placeStages(program, options, facts);
  return 'error' in planned ? planned : { ...planned, ranks: placeRanks(planned.mesh, planned.cuts) };
}

function unitsOf({ placement }: PlacingProgram, { blocks, intermediate }: ModelFacts): number | null {
  const whole = blocks !== null && placement.dealsBlocks?.(blocks.method) === true;
  return whole && intermediate !== null && intermediate % blocks.columns === 0 ? intermediate / blocks.columns : null;
}

function unitWarnings(units: number | null, etp: number): string[] {
  if (units === null || units % etp === 0) return [];
  const each = Math.ceil(units / etp);
  return [
    `Each expert has ${units} blocks of quantised weights, which is not divisible by etp ${etp}. Each rank gets ${each} blocks; the last ranks get fewer and pad them.`,
  ];
}

/** A placement without its list of ranks. Memory is computed from it, for one rank of each stage. */
export type StagedPlacement = Omit<Placement, 'ranks'>;

/** {@link planPlacement} without listing ranks; a model without experts is placed too. */
export function placeStages(
  program: PlacingProgram,
  options: PlacementOptions,
  facts: ModelFacts,
): StagedPlacement | PlacementError {
  const settled = settleAll(program, options, facts);
  if ('error' in settled) return settled;
  const { setUp, stages, strategy, warnings } = settled;
  const dealt = dealSettled(program, settled);
  if ('error' in dealt) return dealt;
  const { cuts, loading, exchange } = program.placement;
  const units = unitsOf(program, facts);
  return {
    framework: program.id,
    strategy,
    redundant: setUp.options.redundant ?? 0,
    all2all: setUp.options.all2all,
    own: setUp.options.own ?? {},
    sizes: setUp.sizes,
    mesh: setUp.mesh,
    cuts,
    dense: program.placement.densePlan(facts),
    loading: program.placement.loadingOf?.(setUp) ?? loading,
    exchange,
    units,
    stages,
    kvHeads: facts.kvHeads,
    layers: dealt.layers,
    uniform: new Set(dealt.layers.map((layer) => layer.slots)).size <= 1,
    warnings: [
      ...warnings,
      ...layerWarnings(program, setUp),
      ...(program.placement.warnings?.(setUp) ?? []),
      ...unitWarnings(units, setUp.sizes.etp),
    ],
  };
}

/** The message with which `planPlacement` would refuse; null if it would accept or needs a file. No ranks are listed. */
export function refusalOf(program: PlacingProgram, options: PlacementOptions, facts: ModelFacts): string | null {
  if (facts.moeLayers.length === 0) return facts.undealt ?? NO_EXPERTS;
  const settled = settleAll(program, options, facts);
  if ('error' in settled) return settled.error;
  // Only files that a user gives can be wrong in what they deal.
  if (!isBalanced(settled.strategy) && settled.strategy !== 'custom') return null;
  const dealt = dealSettled(program, settled);
  return 'error' in dealt && dealt.needs === undefined ? dealt.error : null;
}

const NO_EXPERTS = 'This model has no routed experts, so there is nothing to place.';

/** The part of a placement that is known before experts are placed. */
interface Settled {
  readonly setUp: SetUp;
  readonly stages: readonly number[];
  /** The strategy that the program uses in the end. */
  readonly strategy: Strategy;
  readonly warnings: readonly string[];
}

function settleAll(program: PlacingProgram, given: PlacementOptions, facts: ModelFacts): Settled | PlacementError {
  const { placement } = program;
  const wrong = optionFault(program, given);
  if (wrong !== null) return { error: wrong };
  const resolved = placement.resolve?.(given, facts) ?? { options: given, warnings: [] };
  if ('error' in resolved) return resolved;
  const asked = resolved.options;
  const sizes = placement.sizes(asked, facts);
  if ('error' in sizes) return sizes;
  const mesh = placement.mesh(sizes, asked);
  const other = worldFault(mesh, asked.world);
  if (other !== null) return { error: other };
  const options = { ...asked, strategy: asked.strategy ?? placement.strategies[0] ?? 'linear' };
  const setUp: SetUp = { options, facts, sizes, mesh };
  const limit = placement.limit(setUp);
  if (limit !== null) return { error: limit };
  if (facts.layers < sizes.pp)
    return { error: `The model has ${plural(facts.layers, 'layer')}, fewer than the ${sizes.pp} pipeline stages.` };
  const stages = placement.stages(facts.layers, sizes.pp, options);
  if ('error' in stages) return stages;
  const { strategy, warnings } = placement.settle?.(setUp) ?? { strategy: options.strategy, warnings: [] };
  return { setUp, stages, strategy, warnings: [...resolved.warnings, ...warnings] };
}

/** Why the number of GPUs is wrong: it is not the product of the sizes, or it is above `MAX_RANKS`. */
function worldFault(mesh: Mesh, world: number | undefined): string | null {
  if (mesh.world > MAX_RANKS)
    return `The sizes give ${formatInteger(mesh.world)} ranks. At most ${formatInteger(MAX_RANKS)} are supported here.`;
  if (world === undefined || world === mesh.world) return null;
  const [grid = []] = mesh.grids;
  const names = grid.map((each) => each.name).join(' × ');
  return `${names} = ${grid.map((each) => each.size).join(' × ')} = ${mesh.world} GPUs, but the number of GPUs is set to ${world}.`;
}

/** Why options are invalid, in our own message: programs have none for them. */
function optionFault({ title, placement }: PlacingProgram, options: PlacementOptions): string | null {
  for (const name of ['world', 'ep', 'tp', 'pp', 'cp', 'dp', 'etp', 'nodes', 'groups'] as const) {
    const value = options[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      return `${name} must be a whole number from 1, not ${value}.`;
  }
  const { redundant = 0, strategy } = options;
  if (!(Number.isSafeInteger(redundant) && redundant >= 0))
    return `redundant must be a whole number from 0, not ${redundant}.`;
  if (redundant > 0 && !placement.redundant) return `${title} does not support redundant experts.`;
  if (strategy !== undefined && !placement.strategies.includes(strategy))
    return `${title} does not support the placement ${strategy}. It supports: ${placement.strategies.join(', ')}.`;
  return null;
}

function dealSettled({ placement }: PlacingProgram, { setUp, strategy }: Settled) {
  return dealLayers(placement, { ...setUp.options, strategy }, setUp.facts, setUp.mesh);
}

/** The experts of one layer that a rank holds. */
export interface ExpertShare {
  /** Logical experts in the order of the rank's slots. */
  readonly experts: readonly number[];
  /** Which of the expert-parallel rank's slots the first of them is. */
  readonly from: number;
  /** Part of each expert's rows; whole unless experts are fewer than ranks. */
  readonly rows: Part;
}

const WHOLE: Part = { index: 0, of: 1 };

/**
 * The experts of one layer that a rank keeps, after data parallelism has cut what expert parallelism gave.
 *
 * Expert parallelism cuts first (`_StridedShard(0, split_factor=ep)`, `Shard(0)`), so that a rank's experts stay one
 * block. Where experts are fewer than ranks torchtitan cuts the rows of each instead (pytorch/torchtitan#1561).
 */
export function expertShare(
  placement: Pick<Placement, 'cuts'>,
  place: Pick<RankPlace, 'ep' | 'inner'>,
  layer: LayerPlacement,
): ExpertShare {
  const slots = layer.slots[place.ep] ?? [];
  if (place.inner.of === 1) return { experts: slots, from: 0, rows: WHOLE };
  const few = place.inner.of * layer.slots.length > layer.experts;
  if (few && placement.cuts.innerRowsWhenFew) return { experts: slots, from: 0, rows: place.inner };
  const [start, end] = chunk(slots.length, place.inner);
  return { experts: slots.slice(start, end), from: start, rows: WHOLE };
}

/** Sorted half-open intervals of a list of numbers, doubles left out. */
export function intervals(numbers: readonly number[]): (readonly [number, number])[] {
  const out: [number, number][] = [];
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = out.at(-1);
    if (last && last[1] === number) last[1] = number + 1;
    else out.push([number, number + 1]);
  }
  return out;
}

/** Pipeline stage of a decoder layer. */
export function stageOfLayer(placement: Pick<Placement, 'stages'>, layer: number): number {
  let end = 0;
  for (const [stage, layers] of placement.stages.entries()) {
    end += layers;
    if (layer < end) return stage;
  }
  return placement.stages.length - 1;
}

/** True when a rank's pipeline stage has this layer; layers without a number stand in the first stage. */
export function holdsLayer(
  placement: Pick<Placement, 'stages'>,
  place: Pick<RankPlace, 'stage'>,
  index: number | null,
): boolean {
  return place.stage.of === 1 || stageOfLayer(placement, index ?? 0) === place.stage.index;
}

/** Ranks that hold an expert of a layer, its replicas and redundant slots included. */
export function holdersOf(placement: Placement, layer: LayerPlacement, expert: number): number[] {
  return placement.ranks
    .filter(
      (place) =>
        holdsLayer(placement, place, layer.index) && expertShare(placement, place, layer).experts.includes(expert),
    )
    .map((place) => place.rank);
}

/** Holders of experts, in the order of a map of layers × experts. */
export interface Holders {
  /** The largest number of experts of a layer. */
  readonly width: number;
  /** The first rank that holds each expert, row by row; −1 where a layer has fewer experts. */
  readonly holders: Int32Array<ArrayBuffer>;
  /** For each rank the first one that holds the same experts. */
  readonly twins: Int32Array<ArrayBuffer>;
}

/** The ranks that give the colours of a map of layers × experts. */
export function firstHolders(placement: Placement): Holders {
  const { layers, ranks } = placement;
  const width = layers.reduce((most, layer) => Math.max(most, layer.experts), 0);
  const holders = new Int32Array(width * layers.length).fill(-1);
  const twins = twinsOf(placement);
  const firsts = ranks.filter(({ rank }) => twins[rank] === rank).reverse();
  const known = new Map<Slots, Map<number, Int32Array>>();
  for (const [row, layer] of layers.entries()) {
    const stage = stageOfLayer(placement, layer.index ?? 0);
    const ofSlots = known.get(layer.slots) ?? new Map<number, Int32Array>();
    const line = ofSlots.get(stage) ?? new Int32Array(layer.experts).fill(-1);
    if (!ofSlots.has(stage))
      for (const place of firsts)
        if (holdsLayer(placement, place, layer.index))
          for (const expert of expertShare(placement, place, layer).experts) line[expert] = place.rank;
    known.set(layer.slots, ofSlots.set(stage, line));
    holders.set(line, row * width);
  }
  return { width, holders, twins };
}

function twinsOf(placement: Placement): Int32Array<ArrayBuffer> {
  const { layers, ranks } = placement;
  const first = new Map<string, number>();
  return Int32Array.from(ranks, (place) => {
    // Where every layer's experts are cut inside, the parts of one expert count as holding the same.
    const inside = layers.every((layer) => expertShare(placement, place, layer).rows.of > 1);
    const key = `${place.ep}/${inside ? '' : place.inner.index}/${place.stage.index}`;
    const twin = first.get(key) ?? place.rank;
    first.set(key, twin);
    return twin;
  });
}

/** Largest against mean number of experts a rank holds (1 is even), and of tokens a rank is sent where loads are known. */
export function imbalance(
  placement: Placement,
  loads?: readonly (readonly number[])[],
): {
  readonly experts: number;
  readonly tokens: readonly number[] | null;
} {
  const most = placement.layers.map((layer) => overMean(layer.slots.map((slots) => slots.length)));
  const tokens = loads
    ? placement.layers.map((layer, at) =>
        overMean(tokensByRank(layer, loads[rowOf(loads, at, layer.index, placement.layers.length)] ?? [])),
      )
    : null;
  return { experts: Math.max(...most), tokens };
}

/** A logical expert's tokens are shared evenly by its slots. */
function tokensByRank(layer: LayerPlacement, loads: readonly number[]): number[] {
  const replicas = new Map<number, number>();
  for (const expert of layer.slots.flat()) replicas.set(expert, (replicas.get(expert) ?? 0) + 1);
  return layer.slots.map((slots) =>
    slots.reduce((sum, expert) => sum + (loads[expert] ?? 0) / (replicas.get(expert) ?? 1), 0),
  );
}

function overMean(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  return sum === 0 ? 1 : (Math.max(...values) * values.length) / sum;
}

/** Expert-parallel sizes that divide the number of experts of every layer: the choices to offer. */
export function divisorsOfExperts(facts: ModelFacts): number[] {
  const counts = facts.moeLayers.map((layer) => layer.experts);
  const [first = 0] = counts;
  return Array.from({ length: first }, (_, index) => index + 1).filter((ep) =>
    counts.every((count) => count % ep === 0),
  );
}

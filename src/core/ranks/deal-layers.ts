import { plural } from '../units.ts';
import { epAwareSlots, evenBlocks, roundRobin, trivialSlots } from './deal.ts';
import { rebalance } from './eplb.ts';
import { axisSize } from './mesh.ts';
import type {
  LayerPlacement,
  Mesh,
  ModelFacts,
  MoeLayer,
  PlacementError,
  PlacementOptions,
  PlacementRules,
  Strategy,
} from './types.ts';

type Slots = LayerPlacement['slots'];
type Settled = PlacementOptions & { readonly strategy: Strategy };

/** The experts of every layer by rank. If the strategy does not depend on the layer, layers with equal numbers of experts share one list. */
export function dealLayers(
  rules: PlacementRules,
  options: Settled,
  facts: ModelFacts,
  mesh: Mesh,
): { readonly layers: readonly LayerPlacement[] } | PlacementError {
  const file = fileOf(options);
  const wrong = file ? rowsFault(file, facts) : null;
  if (wrong !== null) return { error: wrong };
  const ep = axisSize(mesh, rules.cuts.ep);
  const known = new Map<string, Slots>();
  const layers: LayerPlacement[] = [];
  for (const [at, layer] of facts.moeLayers.entries()) {
    const row = file ? rowOf(file.rows, at, layer.index, facts.moeLayers.length) : 0;
    const key = `${layer.experts}/${row}`;
    const slots = known.get(key) ?? deal(rules, options, facts, layer, row, ep);
    if ('error' in slots) return slots;
    known.set(key, slots);
    layers.push({ ...layer, slots });
  }
  return { layers };
}

/** True where EPLB places by loads. */
export function isBalanced(strategy: Strategy): boolean {
  return strategy === 'hierarchical' || strategy === 'global';
}

interface InputRows {
  readonly what: 'map' | 'loads';
  readonly rows: readonly (readonly number[])[];
}

/** The file that a strategy needs, if it was given. */
function fileOf({ strategy, map, loads }: Settled): InputRows | null {
  if (strategy === 'custom' && map) return { what: 'map', rows: map };
  return isBalanced(strategy) && loads ? { what: 'loads', rows: loads } : null;
}

/** Why the number of rows is wrong: it must be one for all layers, one for each layer with experts, or one for each decoder layer. */
function rowsFault({ what, rows }: InputRows, { moeLayers, layers }: ModelFacts): string | null {
  const sizes = [...new Set([1, moeLayers.length, layers])];
  if (sizes.includes(rows.length)) return null;
  const dense = layers > moeLayers.length ? `, or ${plural(layers, 'row')} (one for each decoder layer)` : '';
  return `The ${what} file has ${plural(rows.length, 'row')}. This model needs 1 row (for all layers), ${plural(moeLayers.length, 'row')} (one for each layer with experts)${dense}.`;
}

/** The row of a loads or map file for a layer. If there are more rows than layers with experts, rows are numbered by decoder layer. */
export function rowOf(rows: readonly unknown[], at: number, index: number | null, moeLayers: number): number {
  if (rows.length === 1) return 0;
  return rows.length === moeLayers ? at : (index ?? at);
}

function deal(
  rules: PlacementRules,
  options: Settled,
  facts: ModelFacts,
  layer: MoeLayer,
  row: number,
  ep: number,
): Slots | PlacementError {
  const { experts } = layer;
  const { redundant = 0, strategy } = options;
  switch (strategy) {
    case 'linear':
      if (redundant > 0) return trivialSlots(experts, redundant, ep);
      return rules.linear ? rules.linear(experts, ep) : evenBlocks(experts, ep);
    case 'round-robin':
      return roundRobin(experts, ep);
    case 'ep-aware':
      return epAwareSlots(experts, redundant, ep);
    case 'hierarchical':
    case 'global':
      return balanced(options, facts, layer, row, ep);
    case 'custom':
      if (!options.map)
        return { error: 'A custom placement needs a map file with the experts of each rank.', needs: 'map' };
      return fromMap(options.map[row] ?? [], row, layer, ep);
  }
}

/** Like DeepSeek's `rebalance_experts`: hierarchical only if the number of groups is divisible by the number of nodes. */
function balanced(
  options: Settled,
  facts: ModelFacts,
  layer: MoeLayer,
  row: number,
  ep: number,
): Slots | PlacementError {
  const loads = options.loads?.[row];
  const error = `The loads file has no row for ${layer.prefix}.`;
  if (!options.loads) return { error: 'EPLB needs a loads file with the tokens of each expert.', needs: 'loads' };
  if (!loads) return { error };
  if (loads.length !== layer.experts)
    return {
      error: `Row ${row + 1} of the loads file has ${plural(loads.length, 'number')}, but ${layer.prefix} has ${plural(layer.experts, 'expert')}.`,
    };
  const nodes = options.nodes ?? 1;
  const groups = options.groups ?? facts.expertGroups ?? 1;
  const grouped = options.strategy === 'hierarchical' && groups % nodes === 0;
  const slots = rebalance({
    loads,
    slots: layer.experts + (options.redundant ?? 0),
    groups: grouped ? groups : 1,
    nodes: grouped ? nodes : 1,
    gpus: ep,
  });
  return 'error' in slots ? slots : inBlocks(slots, ep);
}

function fromMap(slots: readonly number[], row: number, layer: MoeLayer, ep: number): Slots | PlacementError {
  const { prefix, experts } = layer;
  const named = `Row ${row + 1} of the map file`;
  if (slots.length % ep !== 0)
    return {
      error: `${named} gives ${prefix} ${plural(slots.length, 'slot')}, which is not divisible by ${plural(ep, 'rank')}.`,
    };
  const odd = slots.find((expert) => !(Number.isSafeInteger(expert) && expert >= 0 && expert < experts));
  if (odd !== undefined)
    return { error: `${named} names expert ${odd}, but ${prefix} has only experts 0 to ${experts - 1}.` };
  const held = new Set(slots);
  const missing = Array.from({ length: experts }, (_, expert) => expert).find((expert) => !held.has(expert));
  if (missing !== undefined) return { error: `${named} does not place expert ${missing} of ${prefix} on any rank.` };
  return inBlocks(slots, ep);
}

function inBlocks(slots: readonly number[], ep: number): Slots {
  const each = slots.length / ep;
  return Array.from({ length: ep }, (_, rank) => slots.slice(rank * each, (rank + 1) * each));
}

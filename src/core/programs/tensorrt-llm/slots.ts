import { countOf } from '../../ranks/settings.ts';
import type {
  ModelFacts,
  Placement,
  PlacementError,
  PlacementFile,
  PlacementOptions,
  SlotMap,
} from '../../ranks/types.ts';

/** Options with the slots of the load balancer's file: redundant ones after the experts, or a list for each layer. */
export function withSlots(options: PlacementOptions, facts: ModelFacts): PlacementOptions | PlacementError {
  const rows = rowsOf(options, facts);
  if (rows !== null && 'error' in rows) return rows;
  const experts = facts.moeLayers[0]?.experts ?? 0;
  const slots = countOf(options, 'num_slots', rows?.[0]?.length ?? experts + (options.redundant ?? 0));
  if (slots < experts)
    return { error: `num_slots (${slots}) is less than the ${experts} experts of a layer: some would be on no rank.` };
  const short = rows?.find((row) => row.length !== slots);
  if (short)
    return { error: `initial_global_assignments has ${short.length} slots for a layer, num_slots is ${slots}.` };
  return { ...options, redundant: slots - experts, ...(rows === null ? {} : { strategy: 'custom', map: rows }) };
}

/** A row for each layer with experts, by the layer's number. */
function rowsOf(options: PlacementOptions, { moeLayers }: ModelFacts): SlotMap | PlacementError | null {
  const lists = options.own?.initial_global_assignments;
  if (lists === undefined) return null;
  const only = options.own?.layer;
  const rows: (readonly number[])[] = [];
  for (const [at, { index }] of moeLayers.entries()) {
    const layer = typeof only === 'number' ? only : (index ?? at);
    const row = Object.entries(lists).find(([key]) => key === String(layer))?.[1];
    if (row === undefined) return { error: `layer_idx ${layer} not found in \`initial_global_assignments\`.` };
    if (!Array.isArray(row) || !row.every((each) => Number.isSafeInteger(each)))
      return { error: `initial_global_assignments of layer ${layer} is not a list of experts.` };
    rows.push(row);
  }
  return rows;
}

/** The file that `moe_config.load_balancer` names. YAML reads JSON. */
export const placementFile: PlacementFile = {
  title: 'TensorRT-LLM load balancer file',
  use: 'For moe_config.load_balancer.',
  file: 'moe-load-balancer.yaml',
  make(placement: Placement) {
    const sizes = new Set(placement.layers.map((layer) => layer.slots.flat().length));
    const [slots] = sizes;
    if (sizes.size !== 1 || slots === undefined || slots % placement.sizes.ep !== 0) return null;
    const lists = placement.layers.map((layer, at) => [String(layer.index ?? at), layer.slots.flat()]);
    return { num_slots: slots, initial_global_assignments: Object.fromEntries(lists), layer_updates_per_iter: 0 };
  },
  limit: 'The load balancer’s file has as many slots on every rank, and in every layer.',
};

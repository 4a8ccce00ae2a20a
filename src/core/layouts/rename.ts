import type { Architecture } from './architecture-row.ts';
import { architectureOf } from './architecture-rules.ts';
import { type Spelling, TARGET_ROWS } from './target-rows.ts';
import { layerPrefix } from './tensor-place.ts';
import type { CheckpointLayout, TargetLayout } from './types.ts';
import { bareName } from './wrappers.ts';

/** The spelling that a target's consumers read; null where names stay as they are. */
export function spellingOf(target: TargetLayout): Spelling | null {
  return TARGET_ROWS[target].spelling;
}

/** A group's prefix in another spelling, without wrappers: `model.layers.0.block_sparse_moe` ↔ `model.layers.0.mlp`. */
export function prefixIn(spelling: Spelling, wrapped: string, row: Architecture): string {
  const prefix = bareName(wrapped);
  const [from, to] =
    spelling === 'memory' ? [row.container, row.memoryContainer] : [row.memoryContainer, row.container];
  const moved = from !== '' && prefix.endsWith(`.${from}`) ? prefix.slice(0, -from.length) + to : prefix;
  return startIn(spelling, moved, row);
}

function startIn(spelling: Spelling, name: string, row: Architecture): string {
  for (const [disk, memory] of row.prefixes) {
    const [from, to] = spelling === 'memory' ? [disk, memory] : [memory, disk];
    if (name.startsWith(from)) return to + name.slice(from.length);
  }
  return name;
}

/** A name that stands in a layer with experts, in another spelling and without wrappers. `prefix` is the group's. */
export function nameIn(spelling: Spelling, wrapped: string, wrappedPrefix: string, row: Architecture): string {
  const [name, prefix] = [bareName(wrapped), bareName(wrappedPrefix)];
  const layer = `${layerPrefix(prefix)}.`;
  const sibling = replaceStart(name.slice(layer.length), row.siblings, spelling);
  if (sibling !== null) return startIn(spelling, layer + sibling, row);
  if (!name.startsWith(`${prefix}.`)) return startIn(spelling, name, row);
  const tail = name.slice(prefix.length + 1);
  return `${prefixIn(spelling, prefix, row)}.${replaceStart(tail, row.tails, spelling) ?? tail}`;
}

function replaceStart(tail: string, renames: Architecture['tails'], spelling: Spelling): string | null {
  for (const [disk, memory] of renames) {
    const [from, to] = spelling === 'memory' ? [disk, memory] : [memory, disk];
    if (tail === from || (from.endsWith('.') && tail.startsWith(from))) return to + tail.slice(from.length);
  }
  return null;
}

/** Prefixes of the groups with experts by the layer they stand in, worked out once for each layout. */
const PREFIXES = new WeakMap<CheckpointLayout, ReadonlyMap<string, readonly string[]>>();

function prefixesOf(layout: CheckpointLayout): ReadonlyMap<string, readonly string[]> {
  const known = PREFIXES.get(layout);
  if (known) return known;
  const made = new Map<string, string[]>();
  for (const group of layout.groups) {
    if (group.layout === null) continue;
    const prefix = bareName(group.prefix);
    const layer = layerPrefix(prefix);
    made.set(layer, [...(made.get(layer) ?? []), prefix]);
  }
  PREFIXES.set(layout, made);
  return made;
}

/**
 * What a tensor that holds no routed experts is called where the experts are stored as `target` says.
 *
 * The target's row says whose spelling it has; with no row of one, an unknown model type, and outside a layer with experts
 * the name stays (but for its beginning). Wrappers are taken out in any case.
 */
export function renameTensor(
  wrapped: string,
  modelType: string | null,
  target: TargetLayout,
  from: CheckpointLayout,
): string {
  const row = architectureOf(modelType);
  const spelling = spellingOf(target);
  const name = bareName(wrapped);
  if (!row || !spelling) return name;
  const prefixes = prefixesOf(from).get(layerPrefix(name)) ?? [];
  const prefix = prefixes.find((each) => name.startsWith(`${each}.`)) ?? prefixes[0];
  return prefix === undefined ? startIn(spelling, name, row) : nameIn(spelling, name, prefix, row);
}

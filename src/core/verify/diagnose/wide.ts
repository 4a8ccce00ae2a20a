import type { LayerGroup } from '../../layouts/types.ts';
import { matrixView } from '../../layouts/view.ts';
import { bitsOf } from '../../safetensors/dtype.ts';
import type { Readers } from '../byte-compare.ts';
import { sizeOf } from '../matrix.ts';
import { type Content, contentsOf, isKnown, type Side } from '../pairs.ts';
import { type Explanation, isExplained, type LayerFindings, type Origin } from './search.ts';
import { keyOf, type PrintTable, printGroup } from './tables.ts';

/** Hash → where in the original it was found; the same projection first. */
type Wanted = Map<string, { readonly prefix: string; readonly bytes: number; origins: Origin[] }>;

/**
 * Looks for what is of no known origin in all layers of the original, the nearest first; each layer is read once, and none
 * after everything has been found.
 */
export async function searchOtherLayers(
  layers: readonly LayerFindings[],
  original: Side,
  readers: Readers,
): Promise<LayerFindings[]> {
  const wanted = wantedOf(layers);
  const known = new Map(layers.flatMap(({ group, tables }) => (tables ? [[group.left.prefix, tables.left]] : [])));
  for (const group of byDistance(original.layout.groups, layers, wanted)) {
    if ([...wanted.values()].every((each) => each.origins.length > 0)) break;
    const contents = contentsOf(group).filter((content) => isWantedSize(group, content, wanted));
    if (contents.length === 0) continue;
    const table = known.get(group.prefix) ?? (await printGroup(readers.left, group, contents, readers));
    note(group, contents, table, wanted);
  }
  return layers.map((layer) => ({
    ...layer,
    explanations: layer.explanations.map((each) => (isExplained(each) ? each : withOrigin(each, layer, wanted))),
  }));
}

function wantedOf(layers: readonly LayerFindings[]): Wanted {
  const wanted: Wanted = new Map();
  for (const layer of layers) {
    for (const each of layer.explanations) {
      const print = isExplained(each) ? null : printOf(each, layer);
      if (print) wanted.set(print.hash, { prefix: layer.group.left.prefix, bytes: print.bytes, origins: [] });
    }
  }
  return wanted;
}

function printOf({ pair: { slot } }: Explanation, { tables }: LayerFindings) {
  return tables?.right.get(keyOf(slot))?.[slot.expert] ?? null;
}

function byDistance(groups: readonly LayerGroup[], layers: readonly LayerFindings[], wanted: Wanted): LayerGroup[] {
  const prefixes = new Set([...wanted.values()].map((each) => each.prefix));
  const near = layers.filter(({ group }) => prefixes.has(group.left.prefix)).map(({ group }) => group.left.index ?? 0);
  const distance = ({ index }: LayerGroup) => Math.min(...near.map((layer) => Math.abs(layer - (index ?? 0))));
  return groups.filter((group) => group.kind !== 'dense' && isKnown(group)).sort((a, b) => distance(a) - distance(b));
}

function isWantedSize(group: LayerGroup, { projection, part }: Content, wanted: Wanted): boolean {
  const view = matrixView(group, projection, 0, part);
  const bytes = view && sizeOf({ ...view, itemBytes: bitsOf(view.dtype) / 8 });
  return [...wanted.values()].some((each) => each.bytes === bytes);
}

function note(group: LayerGroup, contents: readonly Content[], table: PrintTable, wanted: Wanted): void {
  for (const content of contents) {
    (table.get(keyOf(content)) ?? []).forEach((print, expert) => {
      const { prefix, index } = group;
      const entry = print && wanted.get(print.hash);
      if (entry) entry.origins.push({ prefix, index, expert, projection: content.projection });
    });
  }
}

function withOrigin(each: Explanation, layer: LayerFindings, wanted: Wanted): Explanation {
  const { slot } = each.pair;
  const origins = wanted.get(printOf(each, layer)?.hash ?? '')?.origins ?? [];
  const same = origins.filter((origin) => origin.projection === slot.projection);
  const origin = same.find(({ expert }) => expert === slot.expert) ?? same[0] ?? origins[0] ?? null;
  return { ...each, origin };
}

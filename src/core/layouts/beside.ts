import type { Checkpoint } from '../checkpoint/types.ts';
import { roleByName } from './drawing/role.ts';
import { layerPrefix, tensorPlace } from './tensor-place.ts';
import type { LayerGroup } from './types.ts';

/** What stands beside the experts of a layer; the first is drawn next to expert 0. */
export const BESIDE = ['router', 'shared', 'attention'] as const;
export type BesideKind = (typeof BESIDE)[number];

/** What a column of the map left of expert 0 represents: -2 the router and so on; null for experts, and for -1, the layer. */
export function besideOf(column: number): BesideKind | null {
  return BESIDE[-2 - column] ?? null;
}

/** Words of names that may tell an attention: most of half a million names are an expert's, and have none. */
const MAYBE_ATTENTION = /attn|attention|mixer|mamba|conv|temporal/i;

/** Names of the tensors that mix positions (attention, Mamba, convolution), by the prefix of their layer. */
export function attentionByLayer(names: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const layers = new Map<string, string[]>();
  for (const name of names) {
    if (!MAYBE_ATTENTION.test(name) || roleByName(tensorPlace(name).rest) !== 'attention') continue;
    const layer = layerPrefix(name);
    const known = layers.get(layer);
    if (known) known.push(name);
    else layers.set(layer, [name]);
  }
  return layers;
}

/** What was found in a checkpoint, as long as it is open. */
const attentions = new WeakMap<Checkpoint['tensors'], ReturnType<typeof attentionByLayer>>();

/** Names of what stands beside the experts of a group. */
export function besideNames(
  { tensors }: Pick<Checkpoint, 'tensors'>,
  { router, shared, prefix }: Pick<LayerGroup, 'router' | 'shared' | 'prefix'>,
  kind: BesideKind,
): readonly string[] {
  if (kind === 'router') return router;
  if (kind === 'shared') return shared;
  const known = attentions.get(tensors) ?? attentionByLayer(tensors.keys());
  attentions.set(tensors, known);
  return known.get(layerPrefix(prefix)) ?? [];
}

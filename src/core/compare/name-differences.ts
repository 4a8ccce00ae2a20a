import type { Readers } from '../verify/byte-compare.ts';
import type { Mistake } from '../verify/diagnose/mistakes.ts';
import { nameLayer } from '../verify/diagnose/name-layer.ts';
import { nameTensors } from '../verify/diagnose/name-tensors.ts';
import { isExplained, type LayerFindings, searchLayer } from '../verify/diagnose/search.ts';
import { searchOtherLayers } from '../verify/diagnose/wide.ts';
import { type Found, type GroupPair, isSlotPair, type Side, type SlotPair } from '../verify/pairs.ts';

/** The number of layers and of other tensors that are searched before the rest is skipped. */
const FIRST = 8;

export interface NamedDifferences {
  readonly mistakes: readonly Mistake[];
  /** A sentence about what was not searched; null if everything was. */
  readonly unsearched: string | null;
}

/**
 * Finds out what happened where values differ. Reads again what differs, then whole layers, then the other compared layers
 * of the left side.
 *
 * A model that was trained further differs everywhere and in no way that has a name: when none of the first layers or
 * tensors can be explained, the rest is not searched, and the answer says so.
 */
export async function nameDifferences(
  found: readonly Found[],
  original: Side,
  readers: Readers,
): Promise<NamedDifferences> {
  const byGroup = new Map<GroupPair, SlotPair[]>();
  for (const { pair } of found) {
    if (!isSlotPair(pair)) continue;
    const { group } = pair.slot;
    const own = byGroup.get(group);
    if (own) own.push(pair);
    else byGroup.set(group, [pair]);
  }
  let layers: LayerFindings[] = [];
  for (const slots of byGroup.values()) {
    if (layers.length === FIRST && layers.every(isForeign)) break;
    layers.push(await searchLayer(slots, readers));
  }
  const unclear = layers.some((layer) => !layer.explanations.every(isExplained));
  if (unclear && layers.length <= FIRST) layers = await searchOtherLayers(layers, original, readers);
  const tensors = found.flatMap(({ pair }) => (pair && !pair.slot ? [pair] : []));
  const first = await nameTensors(tensors.slice(0, FIRST), readers);
  const foreign = first.length === FIRST && first.every(({ mistake }) => mistake.kind === 'tensor-foreign');
  const rest = foreign ? [] : await nameTensors(tensors.slice(FIRST), readers);
  const named = [...layers.flatMap(nameLayer), ...first, ...rest];
  const skipped = { layers: byGroup.size - layers.length, tensors: foreign ? tensors.length - FIRST : 0 };
  return { mistakes: named.map((each) => each.mistake), unsearched: sentence(skipped) };
}

function isForeign({ explanations }: LayerFindings): boolean {
  return !explanations.some(isExplained);
}

function sentence({ layers, tensors }: { readonly layers: number; readonly tensors: number }): string | null {
  if (layers === 0 && tensors === 0) return null;
  const rest = [...(layers > 0 ? [`${layers} layers`] : []), ...(tensors > 0 ? [`${tensors} tensors`] : [])].join(
    ' and ',
  );
  return `The first ${FIRST} that differ match no known mistake; further training gives such differences. The other ${rest} with differences were not searched for mistakes.`;
}

import type { Readers } from '../byte-compare.ts';
import { type Found, type GroupPair, isSlotPair, type Pair, type Side, type SlotPair } from '../pairs.ts';
import type { Mistake } from './mistakes.ts';
import type { Named } from './name.ts';
import { nameLayer } from './name-layer.ts';
import { nameTensors } from './name-tensors.ts';
import { isExplained, type LayerFindings, searchLayer } from './search.ts';
import { searchOtherLayers } from './wide.ts';

export interface FoundMistakes {
  readonly mistakes: readonly Mistake[];
  /** What each mistake says of the pairs that it spoils. */
  readonly phrases: ReadonlyMap<Pair, readonly string[]>;
}

/**
 * Finds out what happened where two checkpoints differ. Reads again what differs, then whole layers that remain unclear,
 * then other layers of the original until everything is found; `original` is all of it.
 */
export async function findMistakes(found: readonly Found[], original: Side, readers: Readers): Promise<FoundMistakes> {
  const byGroup = new Map<GroupPair, SlotPair[]>();
  for (const { pair } of found) {
    if (!isSlotPair(pair)) continue;
    const { group } = pair.slot;
    byGroup.set(group, [...(byGroup.get(group) ?? []), pair]);
  }
  let layers: LayerFindings[] = [];
  for (const slots of byGroup.values()) layers.push(await searchLayer(slots, readers));
  if (layers.some((layer) => !layer.explanations.every(isExplained)))
    layers = await searchOtherLayers(layers, original, readers);
  const tensors = found.flatMap(({ pair }) => (pair && !pair.slot ? [pair] : []));
  return collect([...layers.flatMap(nameLayer), ...(await nameTensors(tensors, readers))]);
}

function collect(named: readonly Named[]): FoundMistakes {
  const phrases = new Map<Pair, string[]>();
  for (const [pair, phrase] of named.flatMap((each) => each.phrases)) {
    phrases.set(pair, [...(phrases.get(pair) ?? []), phrase]);
  }
  return { mistakes: named.map((each) => each.mistake), phrases };
}

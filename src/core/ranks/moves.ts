import { expertShare, holdsLayer } from './placement.ts';
import type { Placement, RankPlace } from './types.ts';

/** Copies of experts that ranks hold in one placement, and how many of them the same rank holds in another one. */
export interface ExpertMoves {
  readonly copies: number;
  readonly stay: number;
}

/**
 * Compares two placements of one checkpoint on the same ranks: what each rank of `to` holds, counted layer by layer, and
 * what of it the same rank already holds in `from`. Parts of an expert count as the expert.
 */
export function expertMoves(from: Pick<Placement, Needed>, to: Pick<Placement, Needed>): ExpertMoves {
  let [copies, stay] = [0, 0];
  const before = new Map(from.ranks.map((place) => [place.rank, place]));
  const counted = new Map<string, ExpertMoves>();
  for (const place of to.ranks) {
    const source = before.get(place.rank);
    for (const at of to.layers.keys()) {
      const key = keyOf(from, to, source, place, at);
      const found = counted.get(key) ?? movesOf(from, to, source, place, at);
      counted.set(key, found);
      copies += found.copies;
      stay += found.stay;
    }
  }
  return { copies, stay };
}

type Needed = 'ranks' | 'layers' | 'stages' | 'cuts';

/** Ranks and layers of one key are alike: the same share of the same slots, or nothing, on both sides. */
function keyOf(
  from: Pick<Placement, Needed>,
  to: Pick<Placement, Needed>,
  source: RankPlace | undefined,
  place: RankPlace,
  at: number,
): string {
  const side = (placement: Pick<Placement, Needed>, each: RankPlace | undefined): string => {
    const layer = placement.layers[at];
    if (!layer || !each || !holdsLayer(placement, each, layer.index)) return '-';
    const first = placement.layers.findIndex(({ slots }) => slots === layer.slots);
    return `${first}/${each.ep}/${each.inner.index}/${each.inner.of}`;
  };
  return `${side(from, source)} ${side(to, place)}`;
}

function movesOf(
  from: Pick<Placement, Needed>,
  to: Pick<Placement, Needed>,
  source: RankPlace | undefined,
  place: RankPlace,
  at: number,
): ExpertMoves {
  const held = heldIn(to, place, at);
  const had = new Set(source ? heldIn(from, source, at) : []);
  return { copies: held.length, stay: held.filter((expert) => had.has(expert)).length };
}

function heldIn(placement: Pick<Placement, Needed>, place: RankPlace, at: number): readonly number[] {
  const layer = placement.layers[at];
  return layer && holdsLayer(placement, place, layer.index) ? expertShare(placement, place, layer).experts : [];
}

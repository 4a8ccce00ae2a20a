import { expertShare, holdsLayer } from './placement.ts';
import type { Placement, RankPlace } from './types.ts';

/** Copies of experts that ranks hold in one placement, and how many of them the same rank holds in another one. */
export interface ExpertMoves {
  readonly copies: number;
  readonly stay: number;
}

/** What of a placement says which experts a rank holds. */
export type HeldExperts = Pick<Placement, 'ranks' | 'layers' | 'stages' | 'cuts'>;

/**
 * Compares two placements of one checkpoint on the same ranks: what each rank of `to` holds, counted layer by layer, and
 * what of it the same rank already holds in `from`. Parts of an expert count as the expert.
 */
export function expertMoves(from: HeldExperts, to: HeldExperts): ExpertMoves {
  let [copies, stay] = [0, 0];
  const before = new Map(from.ranks.map((place) => [place.rank, place]));
  const counted = new Map<string, ExpertMoves>();
  for (const place of to.ranks) {
    const source = before.get(place.rank);
    // Ranks that stand alike on both sides hold alike.
    const key = `${standing(source)} ${standing(place)}`;
    const found = counted.get(key) ?? movesOf(from, to, source, place);
    counted.set(key, found);
    copies += found.copies;
    stay += found.stay;
  }
  return { copies, stay };
}

function standing(place: RankPlace | undefined): string {
  return place ? `${place.ep}/${place.inner.index}/${place.stage.index}` : '-';
}

function movesOf(from: HeldExperts, to: HeldExperts, source: RankPlace | undefined, place: RankPlace): ExpertMoves {
  let [copies, stay] = [0, 0];
  for (const at of to.layers.keys()) {
    const held = heldIn(to, place, at);
    const had = new Set(source ? heldIn(from, source, at) : []);
    copies += held.length;
    stay += held.filter((expert) => had.has(expert)).length;
  }
  return { copies, stay };
}

function heldIn(placement: HeldExperts, place: RankPlace, at: number): readonly number[] {
  const layer = placement.layers[at];
  return layer && holdsLayer(placement, place, layer.index) ? expertShare(placement, place, layer).experts : [];
}

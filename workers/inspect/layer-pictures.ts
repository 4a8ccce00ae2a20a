import { type ExpertMap, type LayerDrawer, LoomError, type Picture } from '../../src/core/index.ts';

/** A layer as it is stored: its kinds of tensors, and where their bytes lie. */
export interface LayerPictures {
  /** The row of the map. */
  readonly row: number;
  /** Null for a layer whose experts are not known, or that has none. */
  readonly glyph: Picture | null;
  readonly strip: Picture;
  /** What both should say: reads of an expert. */
  readonly notes: readonly string[];
}

/** Draws the layer of a row of the map; null for a row that no tensor is known of. */
export function layerPictures(drawer: LayerDrawer, map: ExpertMap, row: number): LayerPictures | null {
  const facts = map.rows[row];
  if (!facts) throw new LoomError('internal', `The map has no row ${row}.`);
  const at = facts.group;
  if (at === -1) return null;
  return { row, glyph: drawer.glyph(at), strip: drawer.strip(at), notes: drawer.notes(at) };
}

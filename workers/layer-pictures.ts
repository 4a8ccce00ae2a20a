import {
  type Checkpoint,
  type CheckpointLayout,
  drawLayer,
  type ExpertMap,
  isLoomError,
  LoomError,
  type Picture,
} from '../src/core/index.ts';

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
export function layerPictures(
  checkpoint: Checkpoint,
  layout: CheckpointLayout,
  map: ExpertMap,
  row: number,
): LayerPictures | null {
  const facts = map.rows[row];
  if (!facts) throw new LoomError('internal', `The map has no row ${row}.`);
  if (!layout.groups[facts.group]) return null;
  const { picture, notes } = drawLayer(checkpoint, layout, facts.group, 'strip');
  return { row, glyph: glyphIn(checkpoint, layout, facts.group), strip: picture, notes };
}

function glyphIn(checkpoint: Checkpoint, layout: CheckpointLayout, group: number): Picture | null {
  try {
    return drawLayer(checkpoint, layout, group, 'glyph').picture;
  } catch (error) {
    if (isLoomError(error) && error.tag === 'usage') return null;
    throw error;
  }
}

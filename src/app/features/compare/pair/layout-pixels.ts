import { INKS, type MapRow, type Scheme } from '../../../../core/index.ts';
import { packed } from '../../../grid/paint/palette.ts';

/** Pixels of a cell, across and down. */
export const GRAIN = 3;

export interface LayoutInks {
  readonly gate: number;
  readonly up: number;
  readonly down: number;
}

/** Colours of the projections as a picture's pixels. */
export function layoutInks(scheme: Scheme): LayoutInks {
  const { gate, up, down } = INKS[scheme];
  return { gate: packed(gate), up: packed(up), down: packed(down) };
}

/**
 * The colour of one pixel of a cell. Upright bands: an expert has tensors of its own. Level bands: a tensor holds all
 * experts; gate and up by turns where they alternate inside it.
 */
export function layoutPixel(
  { stacked, family }: Pick<MapRow, 'stacked' | 'family'>,
  x: number,
  y: number,
  { gate, up, down }: LayoutInks,
): number {
  const band = stacked ? y : x;
  if (band === 2) return down;
  if (family === 'gate-up-interleaved') return (x + y) % 2 === 0 ? gate : up;
  return band === 0 ? gate : up;
}

import type { Spot } from '../../state/seen/place.ts';
import type { Geometry, View } from '../geometry.ts';

/** The spot in the middle of what is in sight. */
export function spotOf({ cellWidth, cellHeight, gutter, axis }: Geometry, view: View): Spot {
  return {
    row: (view.top + Math.max(0, view.height - axis) / 2) / cellHeight,
    column: (view.left + Math.max(0, view.width - gutter) / 2) / cellWidth,
  };
}

/** How far a grid is to be scrolled so that a spot is in the middle. */
export function scrollToSpot(
  { cellWidth, cellHeight, gutter, axis }: Geometry,
  { row, column }: Spot,
  { width, height }: Pick<View, 'width' | 'height'>,
): { readonly left: number; readonly top: number } {
  return {
    left: Math.max(0, column * cellWidth - Math.max(0, width - gutter) / 2),
    top: Math.max(0, row * cellHeight - Math.max(0, height - axis) / 2),
  };
}

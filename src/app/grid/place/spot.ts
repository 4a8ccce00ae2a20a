import type { Spot } from '../../state/seen/place.ts';
import { type Cell, type Geometry, isInSight, type View } from '../geometry.ts';

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

/** Scrolls a cell into the middle where it is out of sight; what stands beside the experts needs its row alone. */
export function bringCell(element: HTMLElement | null, geometry: Geometry, cell: Cell): void {
  if (!element) return;
  const { scrollLeft: left, scrollTop: top, clientWidth: width, clientHeight: height } = element;
  const view = { left, top, width, height };
  const beside = cell.column < 0;
  if (isInSight(geometry, view, beside ? { ...cell, column: Math.ceil(left / geometry.cellWidth) } : cell)) return;
  const to = scrollToSpot(geometry, { row: cell.row + 0.5, column: cell.column + 0.5 }, view);
  element.scrollTo(beside ? { top: to.top } : to);
}

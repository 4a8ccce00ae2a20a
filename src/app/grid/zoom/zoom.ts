import { type Cell, fitGeometry, type Geometry, isInSight, type View } from '../geometry.ts';
import type { KeyPress } from '../keys.ts';

/** Pixels of the shorter side of the largest cells. */
const LARGEST = 64;
/** How much larger or smaller a button or a key makes cells. */
export const STEP = Math.SQRT2;
/** A turn of a wheel by so many pixels makes cells e times as large; a turn counts as no more than the most. */
const WHEEL = 100;
const MOST_TURN = 40;
/** Pixels of a line, where a wheel counts in lines. */
const LINE = 16;

/** The largest zoom of a grid; 1 where cells are as large as they may be when they fit. */
export function mostZoom(rows: number, columns: number, width: number, height: number): number {
  const { cellWidth, cellHeight } = fitGeometry(rows, columns, width, height, 1);
  return Math.max(1, LARGEST / Math.max(1, Math.min(cellWidth, cellHeight)));
}

/** A zoom between the one that fits and the largest. */
export function clampZoom(zoom: number, most: number): number {
  return Math.min(most, Math.max(1, zoom));
}

/** How much larger cells become when a wheel turns, or two fingers part on a pad. */
export function wheelFactor({ deltaY, deltaMode }: Pick<WheelEvent, 'deltaY' | 'deltaMode'>): number {
  const turn = deltaMode === 0 ? deltaY : deltaY * LINE;
  return Math.exp(-Math.min(MOST_TURN, Math.max(-MOST_TURN, turn)) / WHEEL);
}

/** The zoom after a key: `+` and `-` change it, `0` fits; null for every other key, and for those of the browser. */
export function zoomOfKey({ key, ctrlKey, metaKey, altKey }: KeyPress, zoom: number): number | null {
  if (ctrlKey || metaKey || altKey) return null;
  if (key === '+' || key === '=') return zoom * STEP;
  if (key === '-') return zoom / STEP;
  return key === '0' ? 1 : null;
}

/** A point of the grid's window that stays over the same cell when cells change their size. */
export interface Anchor {
  readonly x: number;
  readonly y: number;
}

/** The point to keep where no pointer says one: the cursor's cell where it is in sight, else the middle of the cells. */
export function anchorOf(geometry: Geometry, view: View, active: Cell | null): Anchor {
  const { gutter, axis, cellWidth, cellHeight } = geometry;
  if (active && active.column >= 0 && isInSight(geometry, view, active))
    return {
      x: gutter + (active.column + 0.5) * cellWidth - view.left,
      y: axis + (active.row + 0.5) * cellHeight - view.top,
    };
  return { x: (gutter + view.width) / 2, y: (axis + view.height) / 2 };
}

/** How far the grid is to be scrolled so that the anchor is over the same place of the same cell as before. */
export function keepAnchor(
  before: Geometry,
  after: Geometry,
  view: Pick<View, 'left' | 'top'>,
  { x, y }: Anchor,
): { readonly left: number; readonly top: number } {
  const kept = (scroll: number, at: number, start: number, old: number, now: number) =>
    Math.max(0, ((scroll + at - start) / old) * now - (at - start));
  const [right, low] = [Math.max(x, before.gutter), Math.max(y, before.axis)];
  return {
    left: kept(view.left, right, before.gutter, before.cellWidth, after.cellWidth),
    top: kept(view.top, low, before.axis, before.cellHeight, after.cellHeight),
  };
}

import { type Cell, cellAt, type Geometry } from './geometry.ts';

/** What lies under the pointer, and where that is from the corner of the grid. */
export interface Hover {
  /** Column -1 in the gutter. */
  readonly cell: Cell;
  readonly x: number;
  readonly y: number;
}

/** A place in the window, in CSS pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where the grid stands in the window and how far it is scrolled; its bars of scrolling are not part of its size. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly scroll: { readonly left: number; readonly top: number };
}

/** The place of a scrolling element. */
export function placeOf(element: HTMLElement): Place {
  const { left, top } = element.getBoundingClientRect();
  const { clientWidth, clientHeight, scrollLeft, scrollTop } = element;
  return { left, top, width: clientWidth, height: clientHeight, scroll: { left: scrollLeft, top: scrollTop } };
}

/** What a grid shows at a point of the window; null beside its cells and their gutter. */
export function hoverAt(geometry: Geometry, place: Place, point: Point): Hover | null {
  const [x, y] = [point.x - place.left, point.y - place.top];
  if (x < 0 || y < 0 || x >= place.width || y >= place.height) return null;
  const cell = cellAt(geometry, place.scroll, x, y);
  return cell && { cell, x, y };
}

/** Knows where a pointer is, so that what lies under it can be told again when the grid moves and the pointer rests. */
export interface HoverTracker {
  /** The pointer is at a point. */
  readonly point: (geometry: Geometry, place: Place, point: Point) => Hover | null;
  /** The grid was scrolled, zoomed or resized, or has other rows; null too where no pointer is over it. */
  readonly settle: (geometry: Geometry, place: Place) => Hover | null;
  /** The pointer left. */
  readonly leave: () => void;
}

/** Creates a tracker for one grid. */
export function createHoverTracker(): HoverTracker {
  let at: Point | null = null;
  return {
    point: (geometry, place, point) => {
      at = point;
      return hoverAt(geometry, place, at);
    },
    settle: (geometry, place) => at && hoverAt(geometry, place, at),
    leave: () => {
      at = null;
    },
  };
}

/** The hover before as long as its cell is the same: a tooltip stays where it is, and nothing is drawn again. */
export function steady(before: Hover | null, now: Hover | null): Hover | null {
  return before && now && isSameCell(before.cell, now.cell) ? before : now;
}

function isSameCell(a: Cell, b: Cell): boolean {
  return a.row === b.row && a.column === b.column;
}

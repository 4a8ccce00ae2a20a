/** Where things are on the map's canvas, in CSS pixels. */
export interface Geometry {
  readonly rows: number;
  readonly columns: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** Layer numbers and kinds, and what stands beside the experts, left of the cells. */
  readonly gutter: number;
  /** Columns of what stands beside the experts, at the right end of the gutter; none when left out. */
  readonly beside?: number;
  /** Expert numbers, above the cells. */
  readonly axis: number;
}

export const GUTTER = 72;
/** The lane of shared experts inside the gutter. */
export const LANE = 14;
/** A column of what stands beside the experts, and the space between the last of them and the cells. */
export const BESIDE_WIDTH = 10;
export const BESIDE_GAP = 4;
const AXIS = 20;
const SMALLEST = 4;
const LARGEST = 40;

/** Cells as large as the view allows, times the zoom; never too small to be hit. */
export function fitGeometry(
  rows: number,
  columns: number,
  width: number,
  height: number,
  zoom: number,
  beside = 0,
): Geometry {
  const gutter = beside === 0 ? GUTTER : GUTTER - LANE + beside * BESIDE_WIDTH + BESIDE_GAP;
  const largest = (space: number, count: number) =>
    Math.min(LARGEST, Math.max(SMALLEST, Math.floor(space / Math.max(1, count))));
  const wide = largest(width - gutter - 4, columns);
  // Layers labels need room, and cells look like cells when they are not too flat.
  const high = Math.max(largest(height - AXIS - 4, rows), Math.min(SMALLEST + 1, wide));
  const scale = (size: number, other: number) => Math.round(Math.min(size, other * 2) * zoom);
  return { rows, columns, cellWidth: scale(wide, high), cellHeight: scale(high, wide), gutter, axis: AXIS, beside };
}

/** Size of everything, gutter and axis included. */
export function contentSize(geometry: Geometry): { readonly width: number; readonly height: number } {
  const { rows, columns, cellWidth, cellHeight, gutter, axis } = geometry;
  return { width: gutter + columns * cellWidth + 2, height: axis + rows * cellHeight + 2 };
}

export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** What of a grid is in sight: how far it is scrolled, and how large the window on it is. */
export interface View {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** True when all of a cell is in sight. */
export function isInSight(
  { cellWidth, cellHeight, gutter, axis }: Geometry,
  view: View,
  { row, column }: Cell,
): boolean {
  const inside = (start: number, size: number, from: number, room: number) =>
    start >= from && start + size <= from + room;
  return (
    inside(column * cellWidth, cellWidth, view.left, view.width - gutter) &&
    inside(row * cellHeight, cellHeight, view.top, view.height - axis)
  );
}

/** The first and the last row of which something is in sight; the last is before the first where there is none. */
export function visibleRows({ rows, cellHeight, axis }: Geometry, { top, height }: View): readonly [number, number] {
  return [
    Math.max(0, Math.floor(top / cellHeight)),
    Math.min(rows - 1, Math.floor((top + height - axis) / cellHeight)),
  ];
}

/** The first column in sight, and the one behind the last. */
export function visibleColumns({ columns, cellWidth }: Geometry, { left, width }: View): readonly [number, number] {
  return [Math.floor(left / cellWidth), Math.min(columns, Math.ceil((left + width) / cellWidth))];
}

/**
 * The row and column under a point of the visible canvas: column -1 in the gutter, -2 and below on what stands beside the
 * experts. Null outside of the rows.
 */
export function cellAt(
  geometry: Geometry,
  scroll: { readonly left: number; readonly top: number },
  x: number,
  y: number,
): Cell | null {
  const { gutter, axis, cellWidth, cellHeight, rows, columns } = geometry;
  const row = Math.floor((y - axis + scroll.top) / cellHeight);
  if (y < axis || row < 0 || row >= rows) return null;
  if (x < gutter) return { row, column: besideAt(geometry, x) };
  const column = Math.floor((x - gutter + scroll.left) / cellWidth);
  return column < columns ? { row, column } : null;
}

function besideAt({ gutter, beside = 0 }: Geometry, x: number): number {
  const place = Math.floor((gutter - BESIDE_GAP - 1 - x) / BESIDE_WIDTH);
  return beside > 0 && place < beside ? -2 - Math.max(0, place) : -1;
}

/** Where a column beside the experts begins, from the left edge of the canvas. */
export function besideLeft({ gutter }: Geometry, column: number): number {
  return gutter - BESIDE_GAP - (-1 - column) * BESIDE_WIDTH;
}

/** The scroll position nearest to `from` that shows a cell whole. */
export function scrollTo(
  geometry: Geometry,
  { row, column }: Cell,
  from: { readonly left: number; readonly top: number },
  view: { readonly width: number; readonly height: number },
): { readonly left: number; readonly top: number } {
  const { cellWidth, cellHeight, gutter, axis } = geometry;
  const clamp = (position: number, start: number, size: number, space: number) =>
    Math.min(start, Math.max(position, start + size - space));
  return {
    left: column < 0 ? from.left : clamp(from.left, column * cellWidth, cellWidth, view.width - gutter),
    top: clamp(from.top, row * cellHeight, cellHeight, view.height - axis),
  };
}

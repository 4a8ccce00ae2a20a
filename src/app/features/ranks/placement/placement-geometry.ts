import { type Geometry, GUTTER } from '../../../grid/geometry.ts';

/** Ranks' or nodes' labels, then experts' numbers. */
const AXIS = 36;
const WIDEST = 56;
const HIGHEST = 28;
const NARROWEST = 4;
const LOWEST = 2;

/** As high as the rows can make use of, the note below included. */
export function placementHeight(rows: number): number {
  return AXIS + rows * HIGHEST + 48;
}

/** Cells that fill the frame: every row says much the same, so they may be flat. */
export function placementGeometry(rows: number, columns: number, width: number, height: number): Geometry {
  const across = (space: number, count: number, least: number, most: number, step = 1) =>
    Math.min(most, Math.max(least, Math.floor((step * space) / Math.max(1, count)) / step));
  return {
    rows,
    columns,
    cellWidth: across(width - GUTTER - 4, columns, NARROWEST, WIDEST),
    cellHeight: across(height - AXIS - 4, rows, LOWEST, HIGHEST, 4),
    gutter: GUTTER,
    axis: AXIS,
  };
}

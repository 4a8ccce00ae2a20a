import type { Cell, Geometry, View } from '../geometry.ts';
import type { Inks } from './inks.ts';
import { columnLabels } from './labels.ts';

type Context = CanvasRenderingContext2D;

/** Pixels left of the cells into which the first column's number may reach. */
const OVERHANG = 12;

/** Clears the canvas, and draws cells where they stand: scrolled, and clipped to the room beside gutter and axis. */
export function withCells(context: Context, geometry: Geometry, view: View, inks: Inks, draw: () => void): void {
  const { gutter, axis } = geometry;
  context.fillStyle = inks.surface;
  context.fillRect(0, 0, view.width, view.height);
  context.save();
  context.beginPath();
  context.rect(gutter, axis, view.width - gutter, view.height - axis);
  context.clip();
  context.translate(gutter - view.left, axis - view.top);
  context.imageSmoothingEnabled = false;
  draw();
  context.restore();
}

/** A frame round one cell, edged with the ground so that it is seen on every colour. */
export function frameCell(context: Context, geometry: Geometry, cell: Cell, width: number, ink: string, edge: string) {
  const { cellWidth, cellHeight } = geometry;
  const box = [cell.column * cellWidth, cell.row * cellHeight, cellWidth, cellHeight] as const;
  context.strokeStyle = edge;
  context.lineWidth = width + 2;
  context.strokeRect(...box);
  context.strokeStyle = ink;
  context.lineWidth = width;
  context.strokeRect(...box);
}

/** The column whose number is marked: the pointer's before the cursor's; null for neither. */
export function markedColumn(hover: Cell | null, active: Cell | null): number | null {
  if (hover && hover.column >= 0) return hover.column;
  return active && active.column >= 0 ? active.column : null;
}

/** Draws above the cells, where the columns' numbers and headings stand. */
export function withAxis(context: Context, { gutter, axis }: Geometry, view: View, inks: Inks, draw: () => void): void {
  context.save();
  context.beginPath();
  context.rect(gutter - OVERHANG, 0, view.width - gutter + OVERHANG, axis);
  context.clip();
  context.font = `12px ${inks.mono}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  draw();
  context.restore();
}

/** Draws beside the cells, where the rows' numbers stand. */
export function withGutter(
  context: Context,
  { gutter, axis }: Geometry,
  view: View,
  inks: Inks,
  draw: () => void,
): void {
  context.save();
  context.beginPath();
  context.rect(0, axis - 6, gutter, view.height - axis + 6);
  context.clip();
  context.font = `12px ${inks.mono}`;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  draw();
  context.restore();
}

interface Numbers {
  readonly geometry: Geometry;
  readonly view: View;
  readonly inks: Inks;
  readonly marked: number | null;
  /** How far below the canvas's edge the middle of the numbers is. */
  readonly middle: number;
}

/** Numbers of columns, the marked one in the text's own ink. */
export function paintColumnNumbers(context: Context, { geometry, view, inks, marked, middle }: Numbers): void {
  const { gutter, cellWidth, columns } = geometry;
  withAxis(context, geometry, view, inks, () => {
    for (const column of columnLabels(columns, cellWidth, marked)) {
      const x = gutter - view.left + (column + 0.5) * cellWidth;
      // A number whose column is hidden would be cut.
      if (x < gutter) continue;
      context.fillStyle = column === marked ? inks.text : inks.quiet;
      context.fillText(String(column), x, middle);
    }
  });
}

import type { Geometry } from '../geometry.ts';

const LARGEST = 5;
const SMALLEST = 1.5;

/** A pale diamond with a dark edge on each marked cell: seen on every colour, told apart without any. */
export function paintMarks(
  context: CanvasRenderingContext2D,
  { cellWidth, cellHeight, columns }: Geometry,
  marks: ReadonlySet<number>,
  inks: { readonly mark: string; readonly markEdge: string },
): void {
  const reach = Math.max(SMALLEST, Math.min(LARGEST, Math.min(cellWidth, cellHeight) * 0.3));
  context.beginPath();
  for (const cell of marks) {
    const x = ((cell % columns) + 0.5) * cellWidth;
    const y = (Math.floor(cell / columns) + 0.5) * cellHeight;
    context.moveTo(x, y - reach);
    context.lineTo(x + reach, y);
    context.lineTo(x, y + reach);
    context.lineTo(x - reach, y);
    context.closePath();
  }
  context.fillStyle = inks.mark;
  context.strokeStyle = inks.markEdge;
  context.lineWidth = 1;
  context.fill();
  context.stroke();
}

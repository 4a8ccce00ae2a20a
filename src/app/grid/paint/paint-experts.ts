import { CELL, type MapRow } from '../../../core/index.ts';
import { visibleColumns, visibleRows } from '../geometry.ts';
import { gapOf } from './bands.ts';
import { paintBands, showsBands } from './paint-bands.ts';
import { paintRowNumbers } from './paint-layers.ts';
import { paintMarks } from './paint-marks.ts';
import { frameCell, markedColumn, paintColumnNumbers, withCells } from './paint-parts.ts';
import { runsOf } from './runs.ts';
import type { Scene } from './scene.ts';

type Context = CanvasRenderingContext2D;

/** Draws what can be seen, and nothing else. The context is scaled to CSS pixels already. */
export function paintScene(context: Context, scene: Scene): void {
  const { geometry, view, inks, hover, active } = scene;
  const { axis } = geometry;
  const [first, last] = visibleRows(geometry, view);
  withCells(context, geometry, view, inks, () => {
    for (let row = first; row <= last; row += 1) paintGround(context, scene, row);
    paintCells(context, scene, first, last);
    paintGaps(context, scene, first, last);
    paintDefects(context, scene, first, last);
    if (scene.marks) paintMarks(context, geometry, scene.marks, inks);
    paintFrames(context, scene);
  });
  paintRowNumbers(context, scene, first, last);
  paintColumnNumbers(context, { geometry, view, inks, marked: markedColumn(hover, active), middle: axis / 2 });
}

/** The colours of cells; where they have room, of the matrices in them. */
function paintCells(context: Context, scene: Scene, first: number, last: number): void {
  const { geometry, layer, lanes } = scene;
  const { cellWidth, cellHeight, rows, columns } = geometry;
  if (columns === 0) return;
  const banded = [];
  for (let row = first; row <= last; row += 1) if (showsBands(scene, row)) banded.push(row);
  const plain = banded.length === 0;
  if (plain) context.drawImage(layer, 0, 0, columns * cellWidth, rows * cellHeight);
  for (let row = first; row <= last && !plain; row += 1) {
    if (showsBands(scene, row)) paintBands(context, scene, row);
    else
      context.drawImage(
        layer,
        ...[0, row * lanes, columns, lanes],
        ...[0, row * cellHeight, columns * cellWidth, cellHeight],
      );
  }
}

/** What a row stands on, below the colours of its cells. */
export type Ground = 'dense' | 'uncounted' | 'hatched' | 'plain';

/** The ground of a row: hatched where a cell of it may still be read, or measured. */
export function groundOf(facts: MapRow | undefined, states: Uint8Array, showsNumbers: boolean): Ground {
  if (!facts?.experts) return facts?.kind === 'moe' ? 'uncounted' : 'dense';
  return showsNumbers || states.includes(CELL.pending) ? 'hatched' : 'plain';
}

/** Rows from this height on have room for a word. */
const ROOM_FOR_WORDS = 16;

function paintGround(context: Context, { map, geometry, inks, hatch, marks }: Scene, row: number): void {
  const { cellWidth, cellHeight, columns } = geometry;
  const facts = map.rows[row];
  const ground = groundOf(facts, map.state.subarray(row * columns, (row + 1) * columns), marks !== null);
  const top = row * cellHeight;
  if (ground === 'hatched') {
    context.fillStyle = hatch;
    context.fillRect(0, top, Math.min(facts?.experts ?? 0, columns) * cellWidth, cellHeight);
  }
  if (ground !== 'dense' && ground !== 'uncounted') return;
  context.fillStyle = inks.lane;
  context.globalAlpha = 0.35;
  context.fillRect(0, top + 1, columns * cellWidth, cellHeight - 2);
  context.globalAlpha = 1;
  if (cellHeight < ROOM_FOR_WORDS) return;
  context.font = `12px ${inks.mono}`;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillStyle = inks.quiet;
  context.fillText(ground === 'dense' ? 'dense' : 'experts not counted', 8, top + cellHeight / 2);
}

/** Outlines of rows so flat that two of them would hide what they hold. */
const FLAT_OUTLINE = 0.35;
/** Outlines round bands, which they must not drown. */
const BANDED_OUTLINE = 0.6;

/** Lines between cells; stacked rows have none inside, but an outline round their one tensor. */
function paintGaps(context: Context, scene: Scene, first: number, last: number): void {
  const { map, geometry, inks, view } = scene;
  const { cellWidth, cellHeight, columns } = geometry;
  const gap = cellWidth < 8 ? 0.5 : scene.bands === null ? 1 : gapOf(geometry);
  context.fillStyle = inks.surface;
  for (let row = first; row <= last + 1; row += 1)
    context.fillRect(0, row * cellHeight - gap / 2, columns * cellWidth, gap);
  const [from, to] = visibleColumns(geometry, view);
  for (const { start, end } of runsOf(map.rows, first, last, (row) => row.experts !== null && !row.stacked)) {
    for (let column = from; column <= to; column += 1)
      context.fillRect(column * cellWidth - gap / 2, start * cellHeight, gap, (end - start) * cellHeight);
  }
  context.strokeStyle = inks.text;
  for (let row = first; row <= last; row += 1) {
    const facts = map.rows[row];
    if (!facts?.stacked || !facts.experts) continue;
    const banded = showsBands(scene, row);
    context.lineWidth = cellHeight >= 10 && !banded ? 1.5 : 1;
    context.globalAlpha = banded ? BANDED_OUTLINE : cellHeight >= 6 ? 1 : FLAT_OUTLINE;
    const inset = banded ? 1.5 : 1.25;
    context.strokeRect(0.75, row * cellHeight + inset, facts.experts * cellWidth - 1.5, cellHeight - 2 * inset);
    context.globalAlpha = 1;
  }
}

/** A red cross on every cell that is not as it should be. */
function paintDefects(context: Context, { map, geometry, inks, bands }: Scene, first: number, last: number): void {
  const { cellWidth, cellHeight, columns } = geometry;
  context.fillStyle = inks.dangerSoft;
  context.strokeStyle = inks.danger;
  context.lineWidth = cellWidth >= 12 ? 2 : 1;
  context.beginPath();
  for (let row = first; row <= last; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      if (map.state[row * columns + column] !== CELL.defect) continue;
      const [x, y] = [column * cellWidth, row * cellHeight];
      if (bands === 'roles') context.fillRect(x + 1, y + 1, cellWidth - 2, cellHeight - 2);
      context.rect(x + 1, y + 1, cellWidth - 2, cellHeight - 2);
      context.moveTo(x + 1, y + 1);
      context.lineTo(x + cellWidth - 1, y + cellHeight - 1);
      context.moveTo(x + cellWidth - 1, y + 1);
      context.lineTo(x + 1, y + cellHeight - 1);
    }
  }
  context.stroke();
}

/** Chosen layers, the cell under the pointer, and the cursor's. */
function paintFrames(context: Context, { map, geometry, inks, active, hover, chosen }: Scene): void {
  const { cellWidth, cellHeight, columns } = geometry;
  context.strokeStyle = inks.accent;
  context.lineWidth = 1;
  const isChosen = ({ index }: MapRow) => index !== null && chosen.has(index);
  for (const { start, end } of runsOf(map.rows, 0, map.rows.length - 1, isChosen))
    context.strokeRect(0.5, start * cellHeight + 0.5, columns * cellWidth - 1, (end - start) * cellHeight - 1);
  if (hover && hover.column >= 0) frameCell(context, geometry, hover, 1, inks.text, inks.surface);
  if (active && active.column >= 0) frameCell(context, geometry, active, 2, inks.accent, inks.surface);
}

import type { PlacedPicture } from '../../../../../workers/ranks/protocol.ts';
import type { Cell, Geometry, View } from '../../../grid/geometry.ts';
import type { Inks } from '../../../grid/paint/inks.ts';
import { isCrowded, rowStep } from '../../../grid/paint/labels.ts';
import {
  frameCell,
  markedColumn,
  paintColumnNumbers,
  withAxis,
  withCells,
  withGutter,
} from '../../../grid/paint/paint-parts.ts';
import { NODE_RANKS, rankOfCell } from '../../../placement/rank-colours.ts';

export interface PlacementScene {
  readonly placed: PlacedPicture;
  /** The cells as one pixel each, and what is laid over other ranks' cells; null while no rank is looked at. */
  readonly layer: CanvasImageSource;
  readonly veil: CanvasImageSource | null;
  readonly geometry: Geometry;
  readonly inks: Inks;
  readonly view: View;
  readonly active: Cell | null;
  readonly hover: Cell | null;
}

type Context = CanvasRenderingContext2D;

/** Draws what can be seen. The context is scaled to CSS pixels already. */
export function paintPlacement(context: Context, scene: PlacementScene): void {
  const { geometry, inks, view, placed, hover, active } = scene;
  const { axis, cellWidth, cellHeight, rows, columns } = geometry;
  withCells(context, geometry, view, inks, () => {
    if (columns > 0) context.drawImage(scene.layer, 0, 0, columns * cellWidth, rows * cellHeight);
    if (scene.veil) context.drawImage(scene.veil, 0, 0, columns * cellWidth, rows * cellHeight);
    paintGaps(context, scene);
    if (hover && hover.column >= 0) frameCell(context, geometry, hover, 1, inks.text, inks.surface);
    if (active) frameCell(context, geometry, active, 2, inks.accent, inks.surface);
  });
  paintLayers(context, scene);
  paintColumnNumbers(context, { geometry, view, inks, marked: markedColumn(hover, active), middle: axis - 9 });
  if (placed.rows.length > 0) paintOwners(context, scene);
}

function paintGaps(context: Context, { geometry, inks }: PlacementScene): void {
  const { cellWidth, cellHeight, rows, columns } = geometry;
  context.fillStyle = inks.surface;
  if (cellHeight >= 5)
    for (let row = 0; row <= rows; row++) context.fillRect(0, row * cellHeight - 0.25, columns * cellWidth, 0.5);
  if (cellWidth >= 8)
    for (let column = 0; column <= columns; column++)
      context.fillRect(column * cellWidth - 0.5, 0, 1, rows * cellHeight);
}

function paintLayers(context: Context, { placed, geometry, inks, view, active, hover }: PlacementScene): void {
  const { gutter, axis, cellHeight } = geometry;
  const step = rowStep(cellHeight);
  const marked = hover?.row ?? active?.row;
  withGutter(context, geometry, view, inks, () => {
    for (const [row, { index }] of placed.rows.entries()) {
      if (row !== marked && (isCrowded(row, [marked], cellHeight) || (index ?? row) % step !== 0)) continue;
      context.fillStyle = row === marked ? inks.text : inks.quiet;
      context.fillText(String(index ?? row), gutter - 8, axis + (row + 0.5) * cellHeight - view.top);
    }
  });
}

/** What the headings above the columns name: each rank, where these are too narrow each node, where even those are nothing. */
export type Owners = { readonly word: 'rank' | 'node'; readonly runs: readonly OwnerRun[] } | null;

/** Names of ranks over the first layer's cells, or of nodes where ranks are too narrow; null where both are. */
export function ownersOf(placed: PlacedPicture, cellWidth: number): Owners {
  const isWide = (runs: readonly OwnerRun[], least: number) =>
    runs.every((run) => (run.end - run.start) * cellWidth >= least);
  const ranks = runsOf(placed, (rank) => rank);
  if (isWide(ranks, placed.mesh.world > 10 ? 24 : 18)) return { word: 'rank', runs: ranks };
  const nodes = runsOf(placed, (rank) => Math.floor(rank / NODE_RANKS));
  return isWide(nodes, 20) ? { word: 'node', runs: nodes } : null;
}

function paintOwners(context: Context, { placed, geometry, inks, view }: PlacementScene): void {
  const owners = ownersOf(placed, geometry.cellWidth);
  if (!owners) return;
  withAxis(context, geometry, view, inks, () => {
    for (const { start, end, what } of owners.runs) {
      const width = (end - start) * geometry.cellWidth;
      const left = geometry.gutter - view.left + start * geometry.cellWidth;
      context.fillStyle = inks.line;
      context.fillRect(left + 1, 16, width - 2, 1);
      context.fillStyle = inks.text;
      context.fillText(width >= 56 ? `${owners.word} ${what}` : String(what), left + width / 2, 8);
    }
  });
}

/** Neighbouring columns from `start` up to, not including, `end`, of one rank or node. */
export interface OwnerRun {
  readonly start: number;
  readonly end: number;
  readonly what: number;
}

/** Neighbouring columns of the first layer with the same answer. */
function runsOf(placed: PlacedPicture, what: (rank: number) => number): OwnerRun[] {
  const runs: OwnerRun[] = [];
  for (let expert = 0; expert < (placed.rows[0]?.experts ?? 0); expert++) {
    const mine = what(rankOfCell(placed, 0, expert));
    const last = runs.at(-1);
    if (last && last.what === mine) runs[runs.length - 1] = { ...last, end: expert + 1 };
    else runs.push({ start: expert, end: expert + 1, what: mine });
  }
  return runs;
}

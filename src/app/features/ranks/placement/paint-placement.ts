import type { PlacedPicture } from '../../../../../workers/ranks-protocol.ts';
import type { Cell, Geometry } from '../../../grid/geometry.ts';
import type { Inks } from '../../../grid/paint-experts.ts';
import { NODE_RANKS, rankOfCell } from './rank-colours.ts';

export interface PlacementScene {
  readonly placed: PlacedPicture;
  /** The cells as one pixel each, and what is laid over other ranks' cells; null while no rank is looked at. */
  readonly layer: CanvasImageSource;
  readonly veil: CanvasImageSource | null;
  readonly geometry: Geometry;
  readonly inks: Inks;
  readonly view: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  readonly active: Cell | null;
  readonly hover: Cell | null;
}

type Context = CanvasRenderingContext2D;

/** Draws what can be seen. The context is scaled to CSS pixels already. */
export function paintPlacement(context: Context, scene: PlacementScene): void {
  const { geometry, inks, view, placed } = scene;
  const { gutter, axis, cellWidth, cellHeight, rows, columns } = geometry;
  context.fillStyle = inks.surface;
  context.fillRect(0, 0, view.width, view.height);
  context.save();
  context.beginPath();
  context.rect(gutter, axis, view.width - gutter, view.height - axis);
  context.clip();
  context.translate(gutter - view.left, axis - view.top);
  context.imageSmoothingEnabled = false;
  if (columns > 0) context.drawImage(scene.layer, 0, 0, columns * cellWidth, rows * cellHeight);
  if (scene.veil) context.drawImage(scene.veil, 0, 0, columns * cellWidth, rows * cellHeight);
  paintGaps(context, scene);
  if (scene.hover && scene.hover.column >= 0) frame(context, scene, scene.hover, 1, inks.text);
  if (scene.active) frame(context, scene, scene.active, 2, inks.accent);
  context.restore();
  paintLayers(context, scene);
  paintExperts(context, scene);
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

function frame(context: Context, { geometry, inks }: PlacementScene, cell: Cell, width: number, ink: string): void {
  const { cellWidth, cellHeight } = geometry;
  const box = [cell.column * cellWidth, cell.row * cellHeight, cellWidth, cellHeight] as const;
  context.strokeStyle = inks.surface;
  context.lineWidth = width + 2;
  context.strokeRect(...box);
  context.strokeStyle = ink;
  context.lineWidth = width;
  context.strokeRect(...box);
}

function paintLayers(context: Context, { placed, geometry, inks, view, active, hover }: PlacementScene): void {
  const { gutter, axis, cellHeight } = geometry;
  const every = [1, 2, 5, 10, 20, 50].find((step) => step * cellHeight >= 14) ?? 100;
  context.save();
  context.beginPath();
  context.rect(0, axis - 6, gutter, view.height - axis + 6);
  context.clip();
  context.font = `12px ${inks.mono}`;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  const marked = hover?.row ?? active?.row ?? -1;
  for (const [row, { index }] of placed.rows.entries()) {
    const near = marked >= 0 && Math.abs(row - marked) * cellHeight < 14;
    if (row !== marked && (near || (index ?? row) % every !== 0)) continue;
    context.fillStyle = row === marked ? inks.text : inks.quiet;
    context.fillText(String(index ?? row), gutter - 8, axis + (row + 0.5) * cellHeight - view.top);
  }
  context.restore();
}

function paintExperts(context: Context, { geometry, inks, view, active, hover }: PlacementScene): void {
  const { gutter, axis, cellWidth, columns } = geometry;
  const every = [1, 2, 4, 8, 16, 32, 64, 128].find((step) => step * cellWidth >= 28) ?? 256;
  const marked = hover && hover.column >= 0 ? hover.column : (active?.column ?? -1);
  const at = (column: number) => gutter - view.left + (column + 0.5) * cellWidth;
  clipAxis(context, geometry, view.width);
  context.font = `12px ${inks.mono}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (let column = 0; column < columns; column++) {
    const near = marked >= 0 && Math.abs(at(column) - at(marked)) < 24;
    if (column !== marked && (near || column % every !== 0)) continue;
    context.fillStyle = column === marked ? inks.text : inks.quiet;
    context.fillText(String(column), at(column), axis - 9);
  }
  context.restore();
}

function clipAxis(context: Context, { gutter, axis }: Geometry, width: number): void {
  context.save();
  context.beginPath();
  context.rect(gutter - 12, 0, width - gutter + 12, axis);
  context.clip();
}

/** Names of ranks over the first layer's cells, or of nodes where ranks are too narrow; neither where both are. */
function paintOwners(context: Context, scene: PlacementScene): void {
  const { placed, geometry, inks, view } = scene;
  const ranks = runsOf(scene, (rank) => rank);
  const nodes = runsOf(scene, (rank) => Math.floor(rank / NODE_RANKS));
  const readable = (runs: readonly Run[], width: number) =>
    runs.every((run) => (run.end - run.start) * geometry.cellWidth >= width);
  const byRank = readable(ranks, placed.mesh.world > 10 ? 24 : 18);
  const runs = byRank ? ranks : nodes;
  if (!byRank && !readable(nodes, 20)) return;
  clipAxis(context, geometry, view.width);
  context.font = `12px ${inks.mono}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const left = (column: number) => geometry.gutter - view.left + column * geometry.cellWidth;
  for (const { start, end, what } of runs) {
    const width = (end - start) * geometry.cellWidth;
    context.fillStyle = inks.line;
    context.fillRect(left(start) + 1, 16, width - 2, 1);
    context.fillStyle = inks.text;
    const word = byRank ? 'rank' : 'node';
    context.fillText(width >= 56 ? `${word} ${what}` : String(what), left(start) + width / 2, 8);
  }
  context.restore();
}

interface Run {
  readonly start: number;
  readonly end: number;
  readonly what: number;
}

/** Neighbouring columns of the first layer with the same answer. */
function runsOf({ placed }: PlacementScene, what: (rank: number) => number): Run[] {
  const runs: Run[] = [];
  for (let expert = 0; expert < (placed.rows[0]?.experts ?? 0); expert++) {
    const mine = what(rankOfCell(placed, 0, expert));
    const last = runs.at(-1);
    if (last && last.what === mine) runs[runs.length - 1] = { ...last, end: expert + 1 };
    else runs.push({ start: expert, end: expert + 1, what: mine });
  }
  return runs;
}

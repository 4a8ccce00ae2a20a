import { CELL, type ExpertMap, type MapRow } from '../../core/index.ts';
import { type Cell, type Geometry, LANE } from './geometry.ts';
import { paintMarks } from './paint-marks.ts';

/** Colours of the canvas, from the page's own properties. */
export interface Inks {
  readonly surface: string;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly danger: string;
  readonly pending: string;
  readonly hatch: string;
  readonly lane: string;
  readonly mono: string;
  readonly mark: string;
  readonly markEdge: string;
}

/** Reads the inks where the canvas stands. */
export function readInks(element: Element): Inks {
  const style = getComputedStyle(element);
  const ink = (name: string) => style.getPropertyValue(name).trim();
  return {
    surface: ink('--surface'),
    text: ink('--text'),
    quiet: ink('--text-2'),
    line: ink('--line'),
    accent: ink('--accent'),
    accentSoft: ink('--accent-soft'),
    danger: ink('--danger'),
    pending: ink('--cell-pending'),
    hatch: ink('--cell-hatch'),
    lane: ink('--cell-quiet'),
    mono: ink('--mono'),
    mark: ink('--cell-mark'),
    markEdge: ink('--cell-mark-edge'),
  };
}

export interface Scene {
  readonly map: ExpertMap;
  /** The cells as one pixel each. */
  readonly layer: CanvasImageSource;
  /** Cells with a finding; null where cells show no numbers. Then, what is not in the layer is not measured. */
  readonly marks: ReadonlySet<number> | null;
  readonly geometry: Geometry;
  readonly inks: Inks;
  readonly view: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  readonly chosen: ReadonlySet<number>;
  readonly active: Cell | null;
  readonly hover: Cell | null;
}

/** Draws what can be seen, and nothing else. The context is scaled to CSS pixels already. */
export function paintScene(context: CanvasRenderingContext2D, scene: Scene): void {
  const { geometry, view, inks } = scene;
  context.fillStyle = inks.surface;
  context.fillRect(0, 0, view.width, view.height);
  const { gutter, axis, cellWidth, cellHeight } = geometry;
  const firstRow = Math.max(0, Math.floor(view.top / cellHeight));
  const lastRow = Math.min(geometry.rows - 1, Math.floor((view.top + view.height - axis) / cellHeight));
  context.save();
  context.beginPath();
  context.rect(gutter, axis, view.width - gutter, view.height - axis);
  context.clip();
  context.translate(gutter - view.left, axis - view.top);
  paintBacks(context, scene, firstRow, lastRow);
  context.imageSmoothingEnabled = false;
  if (geometry.columns > 0)
    context.drawImage(scene.layer, 0, 0, geometry.columns * cellWidth, geometry.rows * cellHeight);
  paintGaps(context, scene, firstRow, lastRow);
  paintDefects(context, scene, firstRow, lastRow);
  if (scene.marks) paintMarks(context, geometry, scene.marks, inks);
  paintFrames(context, scene);
  context.restore();
  paintGutter(context, scene, firstRow, lastRow);
  paintAxis(context, scene);
}

/** Grounds of rows: pending cells hatched, dense layers as a quiet bar. */
function paintBacks(
  context: CanvasRenderingContext2D,
  { map, geometry, inks, marks }: Scene,
  first: number,
  last: number,
): void {
  const { cellWidth, cellHeight, columns } = geometry;
  for (let row = first; row <= last; row += 1) {
    const facts = map.rows[row];
    const top = row * cellHeight;
    if (!facts?.experts) {
      context.fillStyle = inks.lane;
      context.globalAlpha = 0.35;
      context.fillRect(0, top + 1, columns * cellWidth, cellHeight - 2);
      context.globalAlpha = 1;
      if (cellHeight >= 16)
        paintWords(context, facts?.kind === 'moe' ? 'experts not counted' : 'dense', 8, top + cellHeight / 2, inks);
      continue;
    }
    const width = Math.min(facts.experts, columns) * cellWidth;
    if (!marks && !map.state.subarray(row * columns, (row + 1) * columns).includes(CELL.pending)) continue;
    context.fillStyle = hatchOf(context, inks) ?? inks.pending;
    context.fillRect(0, top, width, cellHeight);
  }
}

function paintWords(context: CanvasRenderingContext2D, words: string, x: number, y: number, inks: Inks): void {
  context.font = `12px ${inks.mono}`;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillStyle = inks.quiet;
  context.fillText(words, x, y);
}

const hatches = new WeakMap<Inks, CanvasPattern>();

/** The pattern of what is not read yet, made once for each set of inks. */
function hatchOf(context: CanvasRenderingContext2D, inks: Inks): CanvasPattern | null {
  const made = hatches.get(inks) ?? makeHatch(context, inks);
  if (made) hatches.set(inks, made);
  return made;
}

function makeHatch(context: CanvasRenderingContext2D, inks: Inks): CanvasPattern | null {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 6;
  const brush = tile.getContext('2d');
  if (!brush) return null;
  brush.fillStyle = inks.pending;
  brush.fillRect(0, 0, 6, 6);
  brush.strokeStyle = inks.hatch;
  brush.beginPath();
  for (const at of [-6, 0, 6]) {
    brush.moveTo(at, 6);
    brush.lineTo(at + 6, 0);
  }
  brush.stroke();
  return context.createPattern(tile, 'repeat');
}

/** Outlines of rows so flat that two of them would hide what they hold. */
const FLAT_OUTLINE = 0.35;

/** Lines between cells; stacked rows have none inside, but an outline round their one tensor. */
function paintGaps(
  context: CanvasRenderingContext2D,
  { map, geometry, inks, view }: Scene,
  first: number,
  last: number,
): void {
  const { cellWidth, cellHeight, columns } = geometry;
  const gap = cellWidth >= 8 ? 1 : 0.5;
  context.fillStyle = inks.surface;
  for (let row = first; row <= last + 1; row += 1)
    context.fillRect(0, row * cellHeight - gap / 2, columns * cellWidth, gap);
  const [from, to] = [
    Math.floor(view.left / cellWidth),
    Math.min(columns, Math.ceil((view.left + view.width) / cellWidth)),
  ];
  eachRun(
    map.rows,
    first,
    last,
    (row) => row.experts !== null && !row.stacked,
    (start, end) => {
      for (let column = from; column <= to; column += 1) {
        context.fillRect(column * cellWidth - gap / 2, start * cellHeight, gap, (end - start) * cellHeight);
      }
    },
  );
  context.strokeStyle = inks.text;
  for (let row = first; row <= last; row += 1) {
    const facts = map.rows[row];
    if (!facts?.stacked || !facts.experts) continue;
    context.lineWidth = cellHeight >= 10 ? 1.5 : 1;
    context.globalAlpha = cellHeight >= 6 ? 1 : FLAT_OUTLINE;
    context.strokeRect(0.75, row * cellHeight + 1.25, facts.experts * cellWidth - 1.5, cellHeight - 2.5);
    context.globalAlpha = 1;
  }
}

function eachRun(
  rows: readonly MapRow[],
  first: number,
  last: number,
  fits: (row: MapRow) => boolean,
  tell: (start: number, end: number) => void,
): void {
  let start = -1;
  for (let row = first; row <= last + 1; row += 1) {
    const facts = row <= last ? rows[row] : undefined;
    if (facts && fits(facts)) {
      if (start === -1) start = row;
    } else if (start !== -1) {
      tell(start, row);
      start = -1;
    }
  }
}

/** A red cross on every cell that is not as it should be. */
function paintDefects(
  context: CanvasRenderingContext2D,
  { map, geometry, inks }: Scene,
  first: number,
  last: number,
): void {
  const { cellWidth, cellHeight, columns } = geometry;
  context.strokeStyle = inks.danger;
  context.lineWidth = cellWidth >= 12 ? 2 : 1;
  context.beginPath();
  for (let row = first; row <= last; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      if (map.state[row * columns + column] !== CELL.defect) continue;
      const [x, y] = [column * cellWidth, row * cellHeight];
      context.rect(x + 1, y + 1, cellWidth - 2, cellHeight - 2);
      context.moveTo(x + 1, y + 1);
      context.lineTo(x + cellWidth - 1, y + cellHeight - 1);
      context.moveTo(x + cellWidth - 1, y + 1);
      context.lineTo(x + 1, y + cellHeight - 1);
    }
  }
  context.stroke();
}

function paintFrames(context: CanvasRenderingContext2D, { map, geometry, inks, active, hover, chosen }: Scene): void {
  const { cellWidth, cellHeight, columns } = geometry;
  context.strokeStyle = inks.accent;
  context.lineWidth = 1;
  eachRun(
    map.rows,
    0,
    map.rows.length - 1,
    (row) => row.index !== null && chosen.has(row.index),
    (start, end) => {
      context.strokeRect(0.5, start * cellHeight + 0.5, columns * cellWidth - 1, (end - start) * cellHeight - 1);
    },
  );
  const frame = ({ row, column }: Cell, width: number, ink: string, under: string) => {
    const box = [column * cellWidth, row * cellHeight, cellWidth, cellHeight] as const;
    context.strokeStyle = under;
    context.lineWidth = width + 2;
    context.strokeRect(...box);
    context.strokeStyle = ink;
    context.lineWidth = width;
    context.strokeRect(...box);
  };
  if (hover && hover.column >= 0) frame(hover, 1, inks.text, inks.surface);
  if (active && active.column >= 0) frame(active, 2, inks.accent, inks.surface);
}

function paintGutter(context: CanvasRenderingContext2D, scene: Scene, first: number, last: number): void {
  const { map, geometry, inks, view, chosen, active, hover } = scene;
  const { gutter, axis, cellHeight } = geometry;
  context.save();
  context.beginPath();
  context.rect(0, axis - 6, gutter, view.height - axis + 6);
  context.clip();
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.font = `12px ${inks.mono}`;
  const every = Math.max(1, [1, 2, 5, 10, 20].find((step) => step * cellHeight >= 13) ?? 20);
  for (let row = first; row <= last; row += 1) {
    const facts = map.rows[row];
    if (!facts) continue;
    const top = axis + row * cellHeight - view.top;
    if (facts.index !== null && chosen.has(facts.index)) {
      context.fillStyle = inks.accentSoft;
      context.fillRect(0, top, gutter - LANE - 2, cellHeight);
      context.fillStyle = inks.accent;
      context.fillRect(0, top, 4, cellHeight);
    }
    if (facts.shared > 0) {
      context.fillStyle = inks.lane;
      context.fillRect(gutter - LANE, top + 1, LANE - 4, Math.max(2, cellHeight - 2));
    }
    const marked = row === active?.row || row === hover?.row;
    const crowded = [active?.row, hover?.row].some(
      (other) => other !== undefined && Math.abs(row - other) * cellHeight < 13,
    );
    if (!marked && (crowded || !labelled(facts, row, every))) continue;
    const label = labelOf(facts);
    const middle = top + cellHeight / 2;
    context.fillStyle = facts.defects.length > 0 ? inks.danger : marked ? inks.text : inks.quiet;
    context.fillText(label, gutter - LANE - 6, middle + 0.5);
  }
  context.restore();
}

function labelled(facts: MapRow, row: number, every: number): boolean {
  return (facts.index ?? row) % every === 0 || (every <= 2 && facts.kind !== 'moe');
}

/** `17`, `0 dense`, `61 MTP`. */
function labelOf(facts: MapRow): string {
  const number = facts.index === null ? '–' : String(facts.index);
  if (facts.kind === 'dense') return `d ${number}`;
  return facts.kind === 'mtp' ? `mtp ${number}` : number;
}

function paintAxis(context: CanvasRenderingContext2D, { geometry, inks, view, active, hover }: Scene): void {
  const { gutter, axis, cellWidth, columns } = geometry;
  context.font = `12px ${inks.mono}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const every = [1, 2, 4, 8, 16, 32, 64, 128].find((step) => step * cellWidth >= 28) ?? 256;
  const marked = hover && hover.column >= 0 ? hover.column : (active?.column ?? -1);
  const at = (column: number) => gutter - view.left + (column + 0.5) * cellWidth;
  context.save();
  context.beginPath();
  context.rect(gutter - 12, 0, view.width - gutter + 12, axis);
  context.clip();
  context.fillStyle = inks.quiet;
  for (let column = 0; column < columns; column += every) {
    if (Math.abs(at(column) - at(marked)) < 24 && marked >= 0 && column !== marked) continue;
    context.fillText(String(column), at(column), axis / 2);
  }
  if (marked >= 0) {
    context.fillStyle = inks.text;
    context.fillText(String(marked), at(marked), axis / 2);
  }
  context.restore();
}

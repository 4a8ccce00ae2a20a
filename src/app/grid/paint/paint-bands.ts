import { CELL, type ExpertMap, NO_SHARD, type Projection } from '../../../core/index.ts';
import { visibleColumns } from '../geometry.ts';
import { bandBoxes, detailOf, NUMBER_HEIGHT } from './bands.ts';
import type { Inks } from './inks.ts';
import { TEN } from './palette.ts';
import type { Scene } from './scene.ts';

type Context = CanvasRenderingContext2D;

/** The colour of what lies in a file that the listing does not have. */
export const NO_FILE = '#808080';

/** Represents cells of which nothing is drawn. */
const NOTHING = -1;

/** True where the matrices of a row's experts are drawn one by one. */
export function showsBands({ map, bands, geometry }: Pick<Scene, 'map' | 'bands' | 'geometry'>, row: number): boolean {
  return bands !== null && detailOf(geometry) !== 'plain' && (map.rows[row]?.bands.length ?? 0) > 0;
}

/** Draws the matrices of a row's experts: neighbours of one colour in one go, so that a stack is one long bar. */
export function paintBands(context: Context, scene: Scene, row: number): void {
  const { map, geometry, inks, view, bands } = scene;
  const facts = map.rows[row];
  if (!facts || bands === null) return;
  const { cellWidth, cellHeight } = geometry;
  const [from, to] = visibleColumns(geometry, view);
  const top = row * cellHeight;
  for (const { projection, x, y, width, height } of bandBoxes(facts, geometry)) {
    const joined = width === cellWidth;
    let start = from;
    let code = codeOf(map, bands, projection, row, start);
    for (let column = from + 1; column <= to; column += 1) {
      const next = column < to ? codeOf(map, bands, projection, row, column) : NOTHING;
      if (joined && next === code && column < to) continue;
      if (code !== NOTHING) {
        context.fillStyle = colourOf(bands, projection, code, inks);
        context.fillRect(start * cellWidth + x, top + y, joined ? (column - start) * cellWidth : width, height);
      }
      start = column;
      code = next;
    }
  }
  if (detailOf(geometry) === 'numbers') paintNumbers(context, scene, row);
}

/** What decides the colour of a matrix: its file, or nothing but that it is there. */
function codeOf(
  { state, files, bytes, columns }: ExpertMap,
  bands: 'roles' | 'files',
  projection: Projection,
  row: number,
  column: number,
): number {
  const cell = row * columns + column;
  if (bands === 'roles') return state[cell] === CELL.present ? 0 : NOTHING;
  const held = state[cell] === CELL.present || (state[cell] === CELL.defect && bytes[cell] !== 0);
  const file = files[projection][cell] ?? NO_SHARD;
  return held && (file !== NO_SHARD || state[cell] === CELL.present) ? file : NOTHING;
}

function colourOf(bands: 'roles' | 'files', projection: Projection, code: number, inks: Inks): string {
  if (bands === 'roles') return inks[projection];
  return code === NO_SHARD ? NO_FILE : (TEN[code % TEN.length] ?? NO_FILE);
}

function paintNumbers(context: Context, { map, geometry, inks, view }: Scene, row: number): void {
  const { cellWidth, cellHeight } = geometry;
  const [from, to] = visibleColumns(geometry, view);
  const last = Math.min(to, map.rows[row]?.experts ?? 0);
  context.font = `10px ${inks.mono}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = inks.quiet;
  for (let column = from; column < last; column += 1) {
    if (map.state[row * map.columns + column] !== CELL.present) continue;
    context.fillText(String(column), (column + 0.5) * cellWidth, row * cellHeight + NUMBER_HEIGHT / 2 + 2);
  }
}

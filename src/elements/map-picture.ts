import { visible } from '../core/embed/visible.ts';
import { CELL, type ExpertMap, NO_DTYPE, NO_SHARD } from '../core/layouts/map.ts';
import { formatBytes, plural } from '../core/units.ts';

/** A cell of the map: a layer's row and an expert. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** Cells of one row that lie side by side in one colour. */
export interface Run {
  readonly row: number;
  readonly from: number;
  /** Behind the last. */
  readonly to: number;
  readonly colour: string;
  readonly defect: boolean;
}

/** Neighbouring files differ in colour; each colour stands out from a light and from a dark ground. */
const FILE_COLOURS = ['#3d7fc1', '#b3701c', '#2f8f6b', '#a8578a', '#7a6cc0', '#8c8426', '#c0563f', '#4d8f9c'] as const;

/** The map as runs: one of 94 layers by 128 experts has a few hundred. An expert has the colour of the file of its first matrix. */
export function runsOf({ rows, columns, state, files }: ExpertMap): readonly Run[] {
  const runs: Run[] = [];
  for (let cell = 0; cell < rows.length * columns; cell += 1) {
    if (state[cell] === CELL.absent) continue;
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    const file = [files.gate[cell], files.up[cell], files.down[cell]].find((each) => each !== NO_SHARD) ?? 0;
    const colour = FILE_COLOURS[file % FILE_COLOURS.length] ?? FILE_COLOURS[0];
    const defect = state[cell] === CELL.defect;
    const last = runs.at(-1);
    const joins = last?.row === row && last.to === column && last.colour === colour && last.defect === defect;
    if (last && joins) runs[runs.length - 1] = { ...last, to: column + 1 };
    else runs.push({ row, from: column, to: column + 1, colour, defect });
  }
  return runs;
}

/** What the whole map says, for who does not see it. */
export function mapInWords({ rows, columns, shards, defects }: ExpertMap): string {
  const sparse = rows.filter(({ kind }) => kind !== 'dense').length;
  const wrong =
    defects === 0 ? 'No defect was found.' : `${plural(defects, 'cell')} ${defects === 1 ? 'has' : 'have'} a defect.`;
  return `${plural(rows.length, 'layer')}, ${sparse} of them with experts, up to ${plural(columns, 'expert')} each, in ${plural(shards.length, 'file')}. ${wrong}`;
}

/** What one cell says. */
export function cellInWords(map: ExpertMap, { row, column }: Place): string {
  const { rows, columns, state, files, bytes, dtype, shards, dtypes } = map;
  const layer = rows[row];
  if (!layer) return '';
  const name = layer.index === null ? visible(layer.prefix) : `Layer ${layer.index}`;
  if (layer.kind === 'dense') return `${name}: dense, no experts`;
  const cell = row * columns + column;
  const head = `${name}, expert ${column}`;
  if (state[cell] === CELL.absent) return `${head}: this layer has no such expert`;
  if (state[cell] === CELL.defect)
    return `${head}: ${visible(layer.defects[0]?.message ?? 'its tensors are incomplete')}`;
  const held = new Set([files.gate[cell], files.up[cell], files.down[cell]].filter((file) => file !== NO_SHARD));
  const where = [...held].map((file) => visible(shards[file ?? 0] ?? '')).join(', ');
  const type = dtype[cell] === NO_DTYPE ? '' : ` ${dtypes[dtype[cell] ?? 0] ?? ''}`;
  return `${head}: ${formatBytes(bytes[cell] ?? 0)}${type}, ${where}`;
}

/** The cell that a key leads to; null for a key that moves nothing. */
export function moved({ row, column }: Place, key: string, { rows, columns }: ExpertMap): Place | null {
  const last = { row: rows.length - 1, column: columns - 1 };
  const steps: Readonly<Record<string, readonly [row: number, column: number]>> = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    PageUp: [row - 10, column],
    PageDown: [row + 10, column],
    Home: [row, 0],
    End: [row, last.column],
  };
  const [y, x] = steps[key] ?? [];
  if (y === undefined || x === undefined) return null;
  return { row: Math.min(last.row, Math.max(0, y)), column: Math.min(last.column, Math.max(0, x)) };
}

import { hexInk, type Literal, type Mark, monoWidth, type Picture, words } from './picture.ts';

/** A colour of cells in words. */
export interface CellColour {
  /** `#rrggbb`. */
  readonly colour: string;
  readonly text: string;
}

/** Rows by columns of coloured cells: a map, or a placement. */
export interface Cells {
  readonly title: string;
  readonly description: string;
  /** What stands left of each row. */
  readonly rows: readonly string[];
  readonly columns: number;
  /** RGBA pixels, `lanes` of them below each other a cell: pixel (r × lanes + lane, c) at that row × columns + c; a clear one is not drawn. */
  readonly pixels: Uint8ClampedArray;
  /** Pixels of a cell; one when left out. */
  readonly lanes?: number | undefined;
  readonly legend: readonly CellColour[];
  /** What the colours do not say; empty for nothing. */
  readonly note: string;
  /** Cells that bear a cross: what colours do not tell. */
  readonly crossed: readonly number[];
  /** The cell that is framed; null for none. */
  readonly chosen: { readonly row: number; readonly column: number } | null;
}

/** Neighbouring cells of a row that have one colour. */
export interface CellRun {
  readonly row: number;
  readonly from: number;
  /** Behind the last. */
  readonly to: number;
  readonly colour: Literal;
}

const CELL = 8;
const AXIS = 18;
const SIZE = 11;
const SWATCH = 11;
const LINE = 18;

/** Cells of a row that lie side by side in one colour, as runs: a map of twelve thousand cells has a few hundred. */
export function cellRuns({ columns, pixels }: Pick<Cells, 'columns' | 'pixels'>): readonly CellRun[] {
  const runs: CellRun[] = [];
  const count = columns === 0 ? 0 : pixels.length / 4;
  for (let cell = 0; cell < count; cell += 1) {
    if (pixels[cell * 4 + 3] === 0) continue;
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    const colour = colourAt(pixels, cell * 4);
    const last = runs.at(-1);
    if (last && last.row === row && last.to === column && last.colour === colour)
      runs[runs.length - 1] = { ...last, to: column + 1 };
    else runs.push({ row, from: column, to: column + 1, colour });
  }
  return runs;
}

function colourAt(pixels: Uint8ClampedArray, at: number): Literal {
  const part = (offset: number) => (pixels[at + offset] ?? 0).toString(16).padStart(2, '0');
  return hexInk(`#${part(0)}${part(1)}${part(2)}`);
}

/** Cells as a picture of runs, with numbers at its edges and what its colours mean. */
export function cellsPicture(cells: Cells): Picture {
  const { title, description, rows, columns, lanes = 1, crossed, chosen } = cells;
  const lane = CELL / lanes;
  const gutter = Math.max(24, ...rows.map((name) => monoWidth(name, SIZE))) + 8;
  const width = gutter + columns * CELL;
  const bottom = AXIS + rows.length * CELL;
  const legend = legendMarks(cells, width, bottom + 22);
  return {
    width: Math.ceil(Math.max(width, legend.width)),
    height: Math.ceil(legend.height),
    title,
    description,
    marks: [
      ...numbers(columns).map((column) =>
        words(gutter + (column + 0.5) * CELL, 12, String(column), { size: SIZE, ink: 'quiet', anchor: 'middle' }),
      ),
      ...rows.flatMap((name, row) =>
        row % 2 === 0
          ? [words(gutter - 8, AXIS + (row + 0.5) * CELL + 4, name, { size: SIZE, ink: 'quiet', anchor: 'end' })]
          : [],
      ),
      { kind: 'box', x: gutter, y: AXIS, width: columns * CELL, height: rows.length * CELL, ink: null, edge: 'line' },
      ...blocksOf(cellRuns(cells)).map(({ row, rows: high, from, to, colour }): Mark => {
        const [x, y] = [gutter + from * CELL, AXIS + row * lane];
        // A cell ends before the next; its lanes lie close.
        const gap = (row + high) % lanes === 0 ? 0.5 : 0;
        return { kind: 'box', x, y, width: (to - from) * CELL, height: high * lane - gap, ink: colour };
      }),
      ...crossed.flatMap((cell) => cross(gutter + (cell % columns) * CELL, AXIS + Math.floor(cell / columns) * CELL)),
      ...(chosen ? frame(gutter + chosen.column * CELL, AXIS + chosen.row * CELL) : []),
      ...legend.marks,
    ],
  };
}

/** Runs that lie one below the other, with the same ends and colour, as one. */
function blocksOf(runs: readonly CellRun[]): readonly (CellRun & { readonly rows: number })[] {
  const blocks = new Map<string, CellRun & { readonly rows: number }>();
  const done: (CellRun & { readonly rows: number })[] = [];
  for (const run of runs) {
    const key = `${run.from} ${run.to} ${run.colour}`;
    const above = blocks.get(key);
    if (above && above.row + above.rows === run.row) blocks.set(key, { ...above, rows: above.rows + 1 });
    else {
      if (above) done.push(above);
      blocks.set(key, { ...run, rows: 1 });
    }
  }
  return [...done, ...blocks.values()];
}

/** Every eighth column; every second of few. */
function numbers(columns: number): number[] {
  const step = columns > 16 ? 8 : 2;
  return Array.from({ length: Math.ceil(columns / step) }, (_, at) => at * step);
}

function cross(x: number, y: number): Mark[] {
  return [
    { kind: 'line', from: [x + 1, y + 1], to: [x + CELL - 1, y + CELL - 1], ink: 'text' },
    { kind: 'line', from: [x + CELL - 1, y + 1], to: [x + 1, y + CELL - 1], ink: 'text' },
  ];
}

function frame(x: number, y: number): Mark[] {
  const box = (by: number, edge: 'text' | 'surface'): Mark => {
    return { kind: 'box', x: x - by, y: y - by, width: CELL + 2 * by, height: CELL + 2 * by, ink: null, edge };
  };
  return [box(0, 'surface'), box(1, 'text'), box(2, 'text'), box(3, 'surface')];
}

/** Swatches with their words, in as many lines as they need. */
function legendMarks({ legend, note }: Cells, width: number, top: number) {
  const marks: Mark[] = [];
  const least = Math.max(width, 320);
  let [x, y, most] = [0, top, 0];
  for (const { colour, text } of legend) {
    const wide = SWATCH + 6 + monoWidth(text, 12) + (text === '' ? 0 : 16);
    if (x > 0 && x + wide > least) [x, y] = [0, y + LINE];
    marks.push({ kind: 'box', x, y: y - SWATCH + 1, width: SWATCH, height: SWATCH, ink: hexInk(colour) });
    if (text !== '') marks.push(words(x + SWATCH + 6, y, text, { ink: 'quiet' }));
    x += text === '' ? SWATCH : wide;
    most = Math.max(most, x);
  }
  if (note !== '') {
    y += legend.length > 0 ? LINE : 0;
    marks.push(words(0, y, note, { ink: 'quiet' }));
    most = Math.max(most, monoWidth(note, 12));
  }
  return { marks, width: most, height: y + 8 };
}

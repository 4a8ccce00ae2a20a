import { CELL, type ExpertMap, formatBytes, INKS, NO_DTYPE, NO_SHARD } from '../../../core/index.ts';
import type { CellPicture } from '../../grid/expert-grid-props.ts';
import { layoutColour, layoutPixel } from '../../grid/paint/layout-colours.ts';
import { NO_FILE } from '../../grid/paint/paint-bands.ts';
import { packed, RAMP, TEN } from '../../grid/paint/palette.ts';
import type { Colour } from '../../state/seen/look.ts';

export interface LegendItem {
  readonly colour: string;
  readonly text: string;
}

export interface Legend {
  readonly items: readonly LegendItem[];
  /** What the items do not say. */
  readonly note: string | null;
  /** True where the files of the cell under the pointer are named beside it. */
  readonly pointing: boolean;
  readonly ramp: { readonly colours: readonly string[]; readonly least: string; readonly most: string } | null;
}

const TEN_PACKED = TEN.map(packed);
const RAMP_PACKED = RAMP.map(packed);
const NONE = packed(NO_FILE);
/** Files are named beside their colours only where no colour occurs twice. */
const NAMED_FILES = TEN.length;

function byteRange(map: ExpertMap): { least: number; most: number } {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let cell = 0; cell < map.state.length; cell += 1) {
    if (map.state[cell] !== CELL.present) continue;
    const bytes = map.bytes[cell] ?? 0;
    if (bytes < least) least = bytes;
    if (bytes > most) most = bytes;
  }
  return { least: Math.min(least, most), most };
}

/** What cells look like in a colouring. */
export function pictureOf(map: ExpertMap, mode: Colour): CellPicture {
  const rest = { marks: null, words: null };
  // Ranks have a picture of their own, once they are placed.
  if (mode === 'layout' || mode === 'rank') return { ...rest, pixels: pixelsOf(map, byLayout(map)), bands: 'roles' };
  if (mode === 'shard') return { ...rest, pixels: filePixels(map), lanes: LANES, bands: 'files' };
  return { ...rest, pixels: pixelsOf(map, mode === 'bytes' ? byBytes(map) : byDtype(map)) };
}

/** What a saved picture shows of a colouring: cells are small there, and their matrices are lanes. */
export function savedCells(map: ExpertMap, mode: Colour): Pick<CellPicture, 'pixels' | 'lanes'> {
  if (mode !== 'layout') return pictureOf(map, mode);
  const { columns } = map;
  const pixels = new Uint32Array(map.state.length * LANES);
  const inks = ROLE_LANES.map((role) => packed(INKS.light[role]));
  for (let cell = 0; cell < map.state.length; cell += 1) {
    if (map.state[cell] !== CELL.present) continue;
    const at = Math.floor(cell / columns) * LANES * columns + (cell % columns);
    inks.forEach((ink, lane) => {
      pixels[at + lane * columns] = ink;
    });
  }
  return { pixels: new Uint8ClampedArray(pixels.buffer), lanes: LANES };
}

/** What the colours of a saved picture mean, in colours that no page need explain. */
export function savedLegend(map: ExpertMap, mode: Colour): Legend {
  const legend = legendOf(map, mode);
  if (mode !== 'layout') return legend;
  return { ...legend, items: ROLE_LANES.map((role) => ({ colour: INKS.light[role], text: role })) };
}

const ROLE_LANES = ['gate', 'up', 'down'] as const;

/** The colouring that is in force: bytes say nothing where all experts have as many. */
export function shownColour(map: ExpertMap, chosen: Colour): Colour {
  return chosen === 'bytes' && !bytesDiffer(map) ? 'layout' : chosen;
}

/** True when experts have different numbers of bytes. */
export function bytesDiffer(map: ExpertMap): boolean {
  const { least, most } = byteRange(map);
  return least !== most;
}

function isHeld(map: ExpertMap, cell: number): boolean {
  const state = map.state[cell];
  return state === CELL.present || (state === CELL.defect && map.bytes[cell] !== 0);
}

/** One RGBA pixel a cell; cells that hold nothing yet stay clear. */
function pixelsOf(map: ExpertMap, colour: (cell: number) => number): CellPicture['pixels'] {
  const pixels = new Uint32Array(map.state.length);
  for (let cell = 0; cell < pixels.length; cell += 1) if (isHeld(map, cell)) pixels[cell] = colour(cell);
  return new Uint8ClampedArray(pixels.buffer);
}

/** What a whole expert shows where its matrices have no room. */
function byLayout({ rows, columns, state }: ExpertMap): (cell: number) => number {
  return (cell) => {
    const row = rows[Math.floor(cell / columns)];
    return row && state[cell] === CELL.present ? layoutPixel(row, cell % columns) : 0;
  };
}

/** A pixel each for the files of gate, up and down, below each other. */
const LANES = 3;

function filePixels(map: ExpertMap): CellPicture['pixels'] {
  const { columns, files } = map;
  const pixels = new Uint32Array(map.state.length * LANES);
  const ordered = [files.gate, files.up, files.down];
  for (let cell = 0; cell < map.state.length; cell += 1) {
    if (!isHeld(map, cell)) continue;
    const known = ordered.flatMap((column) => (column[cell] === NO_SHARD ? [] : (column[cell] ?? [])));
    const at = Math.floor(cell / columns) * LANES * columns + (cell % columns);
    for (let lane = 0; lane < LANES; lane += 1) {
      const file = known[Math.floor((lane * known.length) / LANES)];
      pixels[at + lane * columns] = file === undefined ? NONE : (TEN_PACKED[file % TEN.length] ?? NONE);
    }
  }
  return new Uint8ClampedArray(pixels.buffer);
}

function byBytes(map: ExpertMap): (cell: number) => number {
  const { least, most } = byteRange(map);
  const step = (most - least) / RAMP.length;
  const place = (bytes: number) => Math.min(RAMP.length - 1, Math.floor((bytes - least) / step));
  return (cell) => RAMP_PACKED[place(map.bytes[cell] ?? 0)] ?? NONE;
}

function byDtype({ dtype }: ExpertMap): (cell: number) => number {
  return (cell) => {
    const code = dtype[cell] ?? NO_DTYPE;
    return code === NO_DTYPE ? NONE : (TEN_PACKED[code % TEN.length] ?? NONE);
  };
}

/** What the colours mean. */
export function legendOf(map: ExpertMap, mode: Colour): Legend {
  if (mode === 'bytes') {
    const { least, most } = byteRange(map);
    const ramp = { colours: RAMP, least: formatBytes(least), most: formatBytes(most) };
    return { items: [], note: 'bytes of one expert', ramp, pointing: false };
  }
  if (mode === 'layout' || mode === 'rank') return layoutLegend(map);
  if (mode === 'dtype')
    return {
      items: map.dtypes.map((text, at) => ({ colour: TEN[at % 10] ?? '#888888', text })),
      note: null,
      ramp: null,
      pointing: false,
    };
  return shardLegend(map);
}

function layoutLegend({ rows }: ExpertMap): Legend {
  const families = new Map(rows.flatMap(({ family }) => (family ? [[family, layoutColour({ family })] as const] : [])));
  if (families.size === 0) return { items: [], note: null, ramp: null, pointing: false };
  const items = [
    ...[...families].map(([text, colour]) => ({ colour, text })),
    ...ROLE_LANES.map((role) => ({ colour: `var(--role-${role})`, text: role })),
  ];
  return { items, note: null, ramp: null, pointing: false };
}

function shardLegend({ shards }: ExpertMap): Legend {
  const short = (file: string) => /-(\d+)-of-\d+\.safetensors$/.exec(file)?.[1]?.replace(/^0+/, '') ?? file;
  if (shards.length > NAMED_FILES)
    return { items: [], note: `${shards.length} files in ten colours, which repeat`, ramp: null, pointing: true };
  return {
    items: shards.map((file, at) => ({ colour: TEN[at] ?? NO_FILE, text: short(file) })),
    note: shards.length > 1 ? 'file number' : null,
    ramp: null,
    pointing: shards.length > 1,
  };
}

import { WEIGHTS } from '../layouts/drawing/glyph.ts';
import { type Ink, type Mark, monoWidth, type Picture, words } from '../layouts/drawing/picture.ts';
import { formatBytes, formatInteger, plural } from '../units.ts';
import type { FlowPiece, FlowSource, LayerFlow } from './flow.ts';
import { type Axis, axisLength, axisOf, type Lane, type Run } from './flow-axis.ts';
import type { ConversionPlan } from './types.ts';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One expert's projection on its way from where it is stored to where it is written. */
export interface FlowMove {
  readonly expert: number | null;
  readonly ink: Ink;
  /** What it is painted with once it has arrived: `gate-up` where it then alternates with its twin. */
  readonly landed: Ink;
  readonly from: Rect;
  readonly to: Rect;
  /** When it sets out and when it arrives, of a whole that lasts from 0 to 1: in the order of the bytes that are written. */
  readonly starts: number;
  readonly ends: number;
  /** The file that it is written to. */
  readonly file: string;
  readonly title: string;
}

/** A layer's flow with a place for everything: what stands still, and what moves. Structured-cloneable. */
export interface FlowScene extends Picture {
  /** The strip of what is stored, names, outlines and numbers: they never move. */
  readonly marks: readonly Mark[];
  readonly moves: readonly FlowMove[];
}

/** How wide a flow is drawn where nothing else is asked for. */
const WIDTH = 720;
const STRIP = 36;
/** How far the strips are apart, in parts of the width, and in units. */
const BETWEEN = { part: 0.2, least: 80, most: 140 } as const;
const LINE = 16;
const TEXT = 12;
/** How long one piece is on its way, of the whole. */
const TRAVEL = 0.3;
/** More tensors of a target than this are not named one by one. */
const NAMED = 6;
/** From this width on a box leaves a gap before the next. */
const GAP_FROM = 3;

/** Draws what is stored above and what would be written below, to one scale and `width` units wide, with every move between them. */
export function flowScene(flow: LayerFlow, title: string, width = WIDTH): FlowScene {
  const { pieces } = flow;
  const stored = storedRuns(pieces);
  const scale = width / Math.max(1, axisLength(stored), axisLength(pieces));
  const [above, below] = [axisOf(stored, scale), axisOf(pieces, scale)];
  const names = placeLabels(above.lanes.map(fileLabel), width);
  const upper = names.height + LINE + 4;
  const between = Math.min(BETWEEN.most, Math.max(BETWEEN.least, width * BETWEEN.part));
  const lower = upper + STRIP + between;
  const written = placeLabels([...tensorLabels(pieces, below), ...below.lanes.map(fileLabel)], width);
  const under = lower + STRIP + LINE + 4;
  return {
    width,
    height: Math.ceil(under + written.height + 4),
    title,
    description: inWords(flow),
    marks: [
      ...shifted(names.marks, 0),
      ...ticks(stored, above, { y: upper - 6, width }),
      ...above.lanes.map((lane) => outline(lane, upper)),
      ...stored.map((run) => storedBox(run, above, upper)),
      ...below.lanes.map((lane) => outline(lane, lower)),
      ...ticks(pieces, below, { y: lower + STRIP + 13, width }),
      ...shifted(written.marks, under),
    ],
    moves: movesOf(pieces, rectsOf(above, upper), rectsOf(below, lower)),
  };
}

/** What a picture of a layer's flow is called. */
export function flowTitle(
  { prefix, index }: Pick<LayerFlow, 'prefix' | 'index'>,
  { groups }: Pick<ConversionPlan, 'groups'>,
): string {
  const step = groups.find((each) => each.prefix === prefix);
  const chain = step ? `: ${step.from} to ${step.to ?? step.from}` : '';
  return `${index === null ? prefix : `Layer ${index}`}${chain}`;
}

type StoredRun = FlowSource & { readonly expert: number | null };

/** What the pieces are made of, each run once, in the order of files and offsets. */
function storedRuns(pieces: readonly FlowPiece[]): StoredRun[] {
  const seen = new Map<string, StoredRun>();
  for (const { expert, sources } of pieces)
    for (const source of sources) seen.set(`${source.start} ${source.file}`, { ...source, expert });
  return [...seen.values()].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.start - b.start));
}

function isWeight(part: string | null): boolean {
  return part === null || WEIGHTS.has(part);
}

function inkOf({ role, part }: Pick<FlowSource, 'role' | 'part'>): Ink {
  return isWeight(part) ? role : 'companion';
}

function nameOf({ role, part, expert }: Pick<FlowPiece, 'role' | 'part' | 'expert'>): string {
  const what = isWeight(part) ? role : `${role} ${part}`;
  return expert === null ? what : `${what} ${expert}`;
}

function bytesText({ start, end }: Pick<Run, 'start' | 'end'>): string {
  return `bytes ${formatInteger(start)} to ${formatInteger(end)}`;
}

function outline({ x, width }: Lane, y: number): Mark {
  return { kind: 'box', x, y, width, height: STRIP, ink: 'surface', edge: 'line' };
}

/** A box that is wide enough leaves a gap before the next. */
function spaced<T extends Rect>(rect: T): T {
  return rect.width > GAP_FROM ? { ...rect, width: rect.width - 0.75 } : { ...rect, width: Math.max(0.1, rect.width) };
}

function storedBox(run: StoredRun, axis: Axis, y: number): Mark {
  const { expert } = run;
  return {
    kind: 'box',
    ...spaced({ ...axis.place(run), y, height: STRIP }),
    ink: inkOf(run),
    title: `${nameOf(run)}: ${run.tensor}, ${run.file}, ${bytesText(run)}`,
    ...(expert === null ? {} : { expert }),
  };
}

type Half = 'whole' | 'upper' | 'lower';

/** Where a run is drawn; of numbers that alternate, gate takes the upper half and up the lower. */
function rectsOf(axis: Axis, y: number): (run: Run, half: Half) => Rect {
  return (run, half) => {
    const height = half === 'whole' ? STRIP : STRIP / 2;
    return spaced({ ...axis.place(run), y: half === 'lower' ? y + STRIP / 2 : y, height });
  };
}

type Placing = ReturnType<typeof rectsOf>;

function movesOf(pieces: readonly FlowPiece[], from: Placing, to: Placing): FlowMove[] {
  const last = Math.max(1, pieces.length - 1);
  return pieces.flatMap((piece, at) => {
    const starts = (at / last) * (1 - TRAVEL);
    const { expert, role, file } = piece;
    return piece.sources.map((source): FlowMove => {
      const single = role === 'gate-up' ? source.role : role;
      return {
        expert,
        ink: inkOf({ role: single, part: source.part }),
        landed: inkOf({ role, part: source.part }),
        from: from(source, source.role === 'gate-up' ? halfOf(single) : 'whole'),
        to: to(piece, role === 'gate-up' ? halfOf(single) : 'whole'),
        starts,
        ends: starts + TRAVEL,
        file,
        title: `${nameOf(piece)}: from ${source.file}, ${bytesText(source)}, to ${piece.tensor} in ${file}, ${bytesText(piece)}`,
      };
    });
  });
}

function halfOf(role: FlowPiece['role']): Half {
  if (role === 'gate') return 'upper';
  return role === 'up' ? 'lower' : 'whole';
}

interface Label {
  readonly x: number;
  readonly text: string;
  readonly quiet: string;
}

interface Labels {
  readonly marks: readonly Mark[];
  readonly height: number;
}

function fileLabel({ file, start, end, x }: Lane): Label {
  return { x, text: file, quiet: bytesText({ start, end }) };
}

/** Names of the tensors that are written, where they are few. */
function tensorLabels(pieces: readonly FlowPiece[], axis: Axis): Label[] {
  const first = new Map<string, FlowPiece>();
  for (const piece of pieces) if (!first.has(piece.tensor)) first.set(piece.tensor, piece);
  if (first.size > NAMED) return [];
  return [...first.values()].map((piece) => ({ x: axis.place(piece).x, text: piece.tensor, quiet: '' }));
}

/** Labels one below the other, as many in a line as have room beside each other. None goes past the right edge. */
function placeLabels(labels: readonly Label[], whole: number): Labels {
  const reached: number[] = [];
  const marks = labels.flatMap(({ x, text, quiet }): Mark[] => {
    const own = monoWidth(text, TEXT);
    const both = own + 12 + monoWidth(quiet, TEXT);
    const says = quiet !== '' && both <= whole;
    const width = says ? both : own;
    const left = Math.max(0, Math.min(x, whole - width));
    const free = reached.findIndex((right) => right <= left);
    const row = free === -1 ? reached.length : free;
    reached[row] = left + width + 16;
    const y = row * LINE + 12;
    const name = words(left, y, text, { size: 12 });
    return !says ? [name] : [name, words(left + own + 12, y, quiet, { size: TEXT, ink: 'quiet' })];
  });
  return { marks, height: reached.length * LINE };
}

function shifted(marks: readonly Mark[], y: number): Mark[] {
  return marks.map((mark) => (mark.kind === 'words' ? { ...mark, y: mark.y + y } : mark));
}

/** Numbers of experts at the first run of each, as many as have room. */
function ticks(
  runs: readonly (Run & { readonly expert: number | null })[],
  axis: Axis,
  { y, width: whole }: Pick<Rect, 'y' | 'width'>,
): Mark[] {
  const marks: Mark[] = [];
  let free = 0;
  let before: number | null = null;
  for (const run of runs) {
    const { expert } = run;
    if (expert === null || expert === before) continue;
    before = expert;
    const { x } = axis.place(run);
    const width = monoWidth(String(expert), TEXT);
    if (x < free || x + width > whole) continue;
    marks.push(words(x, y, String(expert), { size: TEXT, ink: 'quiet' }));
    free = x + width + 8;
  }
  return marks;
}

function inWords({ pieces }: LayerFlow): string {
  const stored = storedRuns(pieces);
  const count = (values: readonly string[]) => new Set(values).size;
  const copies = pieces.filter(({ kind }) => kind === 'copy').length;
  const how =
    copies === pieces.length
      ? 'All are copied as they are.'
      : copies === 0
        ? 'The numbers of each are rearranged.'
        : `${formatInteger(copies)} runs are copied as they are, the numbers of the others are rearranged.`;
  const bytes = pieces.reduce((sum, { start, end }) => sum + end - start, 0);
  const of = (expert: number | null) => pieces.filter((piece) => piece.expert === expert);
  const first = of(pieces.find(({ expert }) => expert !== null)?.expert ?? null).slice(0, 3);
  return [
    `Above: ${plural(stored.length, 'run')} of bytes in ${plural(count(stored.map(({ file }) => file)), 'file')}, as they are stored.`,
    `Below: ${plural(count(pieces.map(({ tensor }) => tensor)), 'tensor')}, ${formatBytes(bytes)}, in ${plural(count(pieces.map(({ file }) => file)), 'file')}, as they would be written.`,
    how,
    ...first.map(
      (piece) =>
        `${nameOf(piece)}: from ${piece.sources.map((source) => `${source.file}, ${bytesText(source)}`).join(' and ')}, to ${piece.tensor} in ${piece.file}, ${bytesText(piece)}.`,
    ),
  ].join(' ');
}

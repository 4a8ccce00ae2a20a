import type { LayerStrip, StripBox } from '../layouts/drawing/layer-strip.ts';
import { type Mark, monoWidth, moved, type Picture, words } from '../layouts/drawing/picture.ts';
import { inkOf, nameOfRun } from '../layouts/drawing/strip-picture.ts';
import { formatBytes, formatInteger, plural } from '../units.ts';
import { type Ribbon, type RibbonEnd, ribbonsOf } from './pair-geometry.ts';

/** One of two checkpoints, as a picture of both needs it. */
export interface PairSide {
  /** `per-expert (projections)`. */
  readonly layout: string;
  readonly strip: LayerStrip;
  /** The kinds of tensors of the layer; null where they are not known. */
  readonly glyph: Picture | null;
}

/** Width of the strips, unless another is asked for. */
export const PAIR_WIDTH = 880;
const STRIP = 28;
const RIBBONS = 120;
const TICK = 11;
/** Widths of the gap between two files and of the gap for bytes outside the layer; both are not to scale. */
const FILE_GAP = 14;
const OTHER_GAP = 5;
/** All gaps of others together take at most this much. */
const MOST_GAPS = 120;
/** From this width on a run leaves a gap before the next. */
const GAP_FROM = 3;
const LINE = 16;
/** Maximum number of ribbons that are drawn. */
const MOST_RIBBONS = 3072;

/** A layer of two checkpoints: kinds of tensors and bytes of the left one, below them those of the right one, and ribbons between an expert's two places. */
export function pairPicture(title: string, left: PairSide, right: PairSide, width = PAIR_WIDTH): Picture {
  const scale = Math.min(scaleOf(left.strip, width), scaleOf(right.strip, width));
  const all = ribbonsOf(left.strip, right.strip);
  const step = Math.ceil(all.length / MOST_RIBBONS);
  const ribbons = step > 1 ? all.filter(({ expert }) => expert % step === 0) : all;
  const [mine, theirs] = [placed(left.strip, scale), placed(right.strip, scale)];
  const top = headPart('Left', left);
  const above = filesPart(left.strip);
  const upper = top.height + above.height + 2 * LINE;
  const lower = upper + STRIP + RIBBONS;
  const below = filesPart(right.strip);
  const bottom = headPart('Right', right);
  const under = lower + STRIP + 2 * LINE;
  const marks: Mark[] = [
    ...top.marks,
    ...moved(above.marks, 0, top.height),
    ...ribbonMarks(ribbons, mine, theirs, upper + STRIP, lower),
    ...stripMarks(left.strip, mine, upper),
    ...ticks(left.strip, mine, upper - 5),
    ...fileMarks(left.strip, mine, upper - 5 - TICK - 2),
    ...stripMarks(right.strip, theirs, lower),
    ...ticks(right.strip, theirs, lower + STRIP + 12),
    ...fileMarks(right.strip, theirs, lower + STRIP + 12 + TICK + 2),
    ...moved(below.marks, 0, under),
    ...moved(bottom.marks, 0, under + below.height + 8),
  ];
  return {
    width: Math.max(width, top.width, bottom.width),
    height: Math.ceil(under + below.height + 8 + bottom.height),
    title,
    description: inWords(left, right, all),
    marks,
  };
}

function inWords(left: PairSide, right: PairSide, ribbons: readonly Ribbon[]): string {
  const experts = new Set(ribbons.map(({ expert }) => expert)).size;
  return [
    `${sideInWords('Left', left)} ${sideInWords('Right', right)}`,
    `Ribbons connect the bytes of ${plural(experts, 'expert')} on the left with the same bytes on the right.`,
  ].join(' ');
}

function sideInWords(name: string, { layout, strip }: PairSide): string {
  const where = strip.files.length === 1 ? 'one file' : `${strip.files.length} files`;
  const order = (strip.files[0]?.boxes ?? []).slice(0, 4).map(nameOfRun).join(', ');
  return `${name}: ${layout}, ${formatBytes(strip.bytes)} in ${where}, in the order ${order}.`;
}

interface Part {
  readonly marks: readonly Mark[];
  readonly width: number;
  readonly height: number;
}

/** The side's name and layout, and its kinds of tensors. */
function headPart(name: string, { layout, glyph }: PairSide): Part {
  const label = words(0, 14, name, { size: 14, mono: false });
  const beside = words(48, 14, layout, { size: 13 });
  if (!glyph) return { marks: [label, beside], width: 0, height: 28 };
  return { marks: [label, beside, ...moved(glyph.marks, 0, 28)], width: glyph.width, height: glyph.height + 40 };
}

/** A line a file: its name, and where in it the layer lies. */
function filesPart({ files }: LayerStrip): Part {
  const marks = files.flatMap(({ file, start, end }, at): Mark[] => {
    const text = files.length === 1 ? file : `file ${at + 1}: ${file}`;
    const range = `bytes ${formatInteger(start)} to ${formatInteger(end)}`;
    const y = 12 + at * LINE;
    return [words(0, y, text), words(monoWidth(`${text}  `, 12), y, range, { ink: 'quiet' })];
  });
  return { marks, width: 0, height: files.length * LINE + 4 };
}

/** Where each run of each file begins and ends in the picture. */
interface Placed {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly runs: readonly (readonly (readonly [start: number, end: number])[])[];
}

function scaleOf(strip: LayerStrip, width: number): number {
  const gaps = gapsOf(strip);
  return (width - gaps.sum) / Math.max(1, strip.bytes);
}

function gapsOf({ files }: LayerStrip): { readonly each: number; readonly sum: number } {
  const count = files.reduce((sum, { others, holes }) => sum + others.length + holes.length, 0);
  const each = Math.min(OTHER_GAP, MOST_GAPS / Math.max(1, count));
  return { each, sum: count * each + Math.max(0, files.length - 1) * FILE_GAP };
}

/** Bytes to scale, one file behind the other; what is not the layer's as a gap. */
function placed(strip: LayerStrip, scale: number): Placed {
  const gap = gapsOf(strip).each;
  const [starts, ends]: [number[], number[]] = [[], []];
  let x = 0;
  const runs = strip.files.map(({ boxes }, file) => {
    if (file > 0) x += FILE_GAP;
    starts.push(x);
    let reached = boxes[0]?.start ?? 0;
    const own = boxes.map(({ start, end }): readonly [number, number] => {
      if (start > reached) x += gap;
      const from = x;
      x += Math.max(0, end - Math.max(start, reached)) * scale;
      reached = Math.max(reached, end);
      return [from, x];
    });
    ends.push(x);
    return own;
  });
  return { starts, ends, runs };
}

function stripMarks({ files }: LayerStrip, xs: Placed, y: number): Mark[] {
  return files.flatMap(({ file, boxes }, at): Mark[] => {
    const [from, to] = [xs.starts[at] ?? 0, xs.ends[at] ?? 0];
    return [
      { kind: 'box', x: from, y, width: to - from, height: STRIP, ink: 'surface', edge: 'line', title: file },
      ...boxes.flatMap((box, run) => runMark(box, xs.runs[at]?.[run], y)),
    ];
  });
}

/** Numbers of files where there are several. */
function fileMarks({ files }: LayerStrip, xs: Placed, y: number): Mark[] {
  if (files.length === 1) return [];
  return files.map((_, at) => words(xs.starts[at] ?? 0, y, `file ${at + 1}`, { size: TICK }));
}

function runMark(box: StripBox, at: readonly [number, number] | undefined, y: number): Mark[] {
  if (!at) return [];
  const width = at[1] - at[0];
  return [
    {
      kind: 'box',
      x: at[0],
      y,
      width: width > GAP_FROM ? width - 0.75 : Math.max(0.1, width),
      height: STRIP,
      ink: inkOf(box),
      title: `${nameOfRun(box)}: ${box.name}, bytes ${formatInteger(box.start)} to ${formatInteger(box.end)}`,
      ...(box.expert === null ? {} : { expert: box.expert }),
    },
  ];
}

function ribbonMarks(ribbons: readonly Ribbon[], left: Placed, right: Placed, top: number, bottom: number): Mark[] {
  return ribbons.flatMap(({ expert, left: from, right: to }): Mark[] => {
    const [a, b] = [left.runs[from.file]?.[from.at], right.runs[to.file]?.[to.at]];
    if (!a || !b) return [];
    const title = `expert ${expert}: ${endInWords(from)} on the left, ${endInWords(to)} on the right`;
    return [
      {
        kind: 'ribbon',
        from: a,
        to: b,
        top,
        bottom,
        ink: inkOf(from.box.role === 'gate-up' ? to.box : from.box),
        expert,
        title,
      },
    ];
  });
}

function endInWords({ box }: RibbonEnd): string {
  return `${nameOfRun({ ...box, expert: null })} in bytes ${formatInteger(box.start)} to ${formatInteger(box.end)}`;
}

/** Expert numbers at the first run of each expert, as many as fit. */
function ticks({ files }: LayerStrip, xs: Placed, y: number): Mark[] {
  const seen = new Set<number>();
  const marks: Mark[] = [];
  const most = xs.ends.at(-1) ?? 0;
  let free = 0;
  files.forEach(({ boxes }, file) => {
    boxes.forEach(({ expert }, run) => {
      const at = xs.runs[file]?.[run]?.[0] ?? 0;
      if (expert === null || seen.has(expert)) return;
      seen.add(expert);
      if (at < free || at + monoWidth(String(expert), TICK) > most) return;
      marks.push(words(at, y, String(expert), { size: TICK, ink: 'quiet' }));
      free = at + monoWidth(String(expert), TICK) + 8;
    });
  });
  return marks;
}

import { formatBytes, formatInteger } from '../../units.ts';
import { isWeightPart } from './glyph.ts';
import type { LayerStrip, LayerStripFile, StripBox } from './layer-strip.ts';
import { type Ink, type Mark, monoWidth, moved, type Picture, words } from './picture.ts';

const WIDTH = 700;
const STRIP = 30;
const LENS = 44;
/** Boxes of the enlarged beginning, where their names have room. */
const LENS_BOXES = 12;
/** Boxes narrower than this are painted with the next of their role. */
const NARROW = 0.25;
/** From this width on a box leaves a gap before the next. */
const GAP_FROM = 3;
const TICK = 11;

/** A layer's bytes in each of its files, one box a run, and its beginning enlarged with names. */
export function layerStripPicture(strip: LayerStrip, title: string): Picture {
  const marks: Mark[] = [];
  let y = 0;
  for (const file of strip.files) {
    const drawn = filePicture(file);
    marks.push(...moved(drawn.marks, 0, y));
    y += drawn.height + 22;
  }
  return { width: WIDTH, height: Math.max(1, y), title, description: inWords(strip), marks };
}

function inWords({ files, bytes }: LayerStrip): string {
  const parts = files.map(({ file, boxes, others, holes }) => {
    const order = boxes.slice(0, 6).map(nameOfRun).join(', ');
    const beside = [
      ...(others.length > 0 ? [`${formatInteger(others.length)} runs of other layers between them`] : []),
      ...(holes.length > 0 ? [`${formatInteger(holes.length)} holes`] : []),
    ];
    return `${file}: ${[`${formatInteger(boxes.length)} runs, the first are ${order}`, ...beside].join('; ')}.`;
  });
  return [`${formatBytes(bytes)} in ${files.length === 1 ? 'one file' : `${files.length} files`}.`, ...parts].join(' ');
}

/** `gate 7`, `down scales 7`. */
export function nameOfRun({ role, expert, part }: StripBox): string {
  const what = part === null || part === 'weight' ? role : `${role} ${part}`;
  return expert === null ? what : `${what} ${expert}`;
}

/** A role's own colour for its numbers, another for biases, scales and the like. */
export function inkOf({ role, part }: Pick<StripBox, 'role' | 'part'>): Ink {
  return part === null || isWeightPart(part) ? role : 'companion';
}

function filePicture(file: LayerStripFile): { readonly marks: readonly Mark[]; readonly height: number } {
  const length = Math.max(1, file.end - file.start);
  const x = (byte: number) => ((byte - file.start) / length) * WIDTH;
  const top = 40;
  const marks: Mark[] = [
    words(0, 14, file.file, { size: 13 }),
    words(
      WIDTH,
      14,
      `bytes ${formatInteger(file.start)} to ${formatInteger(file.end)} of ${formatInteger(file.byteLength)}`,
      {
        ink: 'quiet',
        anchor: 'end',
      },
    ),
    { kind: 'box', x: 0, y: top, width: WIDTH, height: STRIP, ink: 'surface', edge: 'line' },
    ...file.others.map(
      ({ start, end, tensors }): Mark => ({
        kind: 'box',
        x: x(start),
        y: top + STRIP / 3,
        width: x(end) - x(start),
        height: STRIP / 3,
        ink: 'line',
        title: `${formatInteger(tensors)} tensors of other layers`,
      }),
    ),
    ...runsOf(file.boxes, x, top),
    ...ticks(file.boxes, x, top),
    ...ruler(file, x, top + STRIP),
  ];
  const lens = lensOf(enlarged(file.boxes), x, top + STRIP + 40, top + STRIP + 18);
  return { marks: [...marks, ...lens], height: top + STRIP + 40 + LENS + 18 };
}

/** As many of the first boxes as their names leave room for. */
function enlarged(boxes: readonly StripBox[]): readonly StripBox[] {
  const first = boxes.slice(0, LENS_BOXES);
  const longest = Math.max(0, ...first.map((box) => monoWidth(nameOfRun(box), TICK)));
  return first.slice(0, Math.max(1, Math.floor(WIDTH / (longest + 18))));
}

/** Boxes as they lie; those too narrow to be seen are joined with what follows of the same role. */
function runsOf(boxes: readonly StripBox[], x: (byte: number) => number, y: number): Mark[] {
  const runs: StripBox[] = [];
  for (const box of boxes) {
    const last = runs.at(-1);
    const joins = last && last.role === box.role && last.end === box.start && x(last.end) - x(last.start) < NARROW;
    if (joins) runs[runs.length - 1] = { ...last, end: box.end };
    else runs.push(box);
  }
  return runs.map((box) => boxMark(box, x, y, STRIP));
}

function boxMark(box: StripBox, x: (byte: number) => number, y: number, height: number): Mark {
  const { expert, start, end, name } = box;
  const width = x(end) - x(start);
  return {
    kind: 'box',
    x: x(start),
    y,
    width: width > GAP_FROM ? width - 0.75 : Math.max(0.1, width),
    height,
    ink: inkOf(box),
    title: `${nameOfRun(box)}: ${name}, bytes ${formatInteger(start)} to ${formatInteger(end)}`,
    ...(expert === null ? {} : { expert }),
  };
}

/** Numbers of experts above the first weights of each, as many as have room: scales may stand all together before them. */
function ticks(boxes: readonly StripBox[], x: (byte: number) => number, top: number): Mark[] {
  const seen = new Set<number>();
  const marks: Mark[] = [];
  let free = 0;
  const weights = boxes.filter((box) => inkOf(box) !== 'companion');
  for (const { expert, start } of weights.length > 0 ? weights : boxes) {
    if (expert === null || seen.has(expert)) continue;
    seen.add(expert);
    const at = x(start);
    if (at < free || at + monoWidth(String(expert), TICK) > WIDTH) continue;
    marks.push(words(at, top - 6, String(expert), { size: TICK, ink: 'quiet' }));
    free = at + monoWidth(String(expert), TICK) + 8;
  }
  return marks;
}

/** Bytes below the strip, at round distances from its start. */
function ruler({ start, end }: LayerStripFile, x: (byte: number) => number, y: number): Mark[] {
  const step = roundStep((end - start) / 8);
  const count = Math.floor((end - start) / step);
  return Array.from({ length: count + 1 }, (_, at) => start + at * step).flatMap((byte, at): Mark[] => [
    { kind: 'line', from: [x(byte), y], to: [x(byte), y + 4], ink: 'quiet' },
    ...(WIDTH - x(byte) > 70
      ? [words(x(byte) + 3, y + 14, at === 0 ? '0 B' : `+${formatBytes(at * step)}`, { size: TICK, ink: 'quiet' })]
      : []),
  ]);
}

/** The next of 1, 2 and 5 times a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power;
}

/** The first runs, equally wide and named, with lines to where they are in the strip. */
function lensOf(boxes: readonly StripBox[], x: (byte: number) => number, top: number, from: number): Mark[] {
  const [first, last] = [boxes[0], boxes.at(-1)];
  if (!first || !last) return [];
  const width = WIDTH / boxes.length;
  return [
    { kind: 'line', from: [x(first.start), from - 18], to: [0, top], ink: 'line' },
    { kind: 'line', from: [x(last.end), from - 18], to: [WIDTH, top], ink: 'line' },
    ...boxes.flatMap((box, at): Mark[] => {
      const mark = boxMark(box, () => 0, top, LENS);
      const own: Mark = mark.kind === 'box' ? { ...mark, x: at * width, width: width - 2 } : mark;
      return [own, words(at * width + 4, top + LENS + 13, nameOfRun(box), { size: TICK, ink: 'text' })];
    }),
  ];
}

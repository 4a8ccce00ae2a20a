import { type Glyph, type GlyphTensor, glyphOf } from '../layouts/drawing/glyph.ts';
import { faceMarks, faceSize, type Size } from '../layouts/drawing/glyph-picture.ts';
import { layerStrip, type StripBox } from '../layouts/drawing/layer-strip.ts';
import { type Mark, monoWidth, moved, type Picture, words } from '../layouts/drawing/picture.ts';
import { type Strips, stripsOf } from '../layouts/drawing/strips.ts';
import type { LayerGroup } from '../layouts/types.ts';
import { axisLength, axisOf } from '../plan/flow-axis.ts';
import { formatBytes, formatInteger, formatShape, plural } from '../units.ts';
import type { CutRange, LayerCut } from './cut.ts';
import type { RankModel } from './summary.ts';

/** One rank's part of a layer, in its tensors and in its files. */
export interface CutPictures {
  /** Null if the kinds of tensors are unknown. */
  readonly glyph: Picture | null;
  readonly strip: Picture;
}

export interface CutDrawer {
  /** Stacks and strip together are `width` wide if there is space for both in one row; else the strip alone is. */
  draw(cut: LayerCut, width: number): CutPictures;
}

const STRIP = 32;
const BESIDE = 32;
/** Minimum width of a strip next to stacks. */
const LEAST = 420;
const LINE = 16;
const SIDE = 60;
const THIN = 6;
/** Sheets of a stack at most, and how far each is behind the one before. */
const SHEETS = 32;
const STEP = 2;
const GAP = 24;
const GAP_FROM = 3;

/** Draws cuts of one model. The positions of its tensors are computed once, for the first drawing. */
export function createCutDrawer({ checkpoint, layout }: Pick<RankModel, 'checkpoint' | 'layout'>): CutDrawer {
  let strips: Strips | null = null;
  return {
    draw: (cut, width) => {
      strips ??= stripsOf(checkpoint, layout);
      const at = layout.groups.findIndex(({ prefix }) => prefix === cut.prefix);
      const group = layout.groups[at];
      if (!group) throw new RangeError(`There is no layer ${cut.prefix}.`);
      const kinds = glyphOf(group);
      const glyph = kinds && glyphPicture(kinds, cut);
      const left = width - (glyph ? glyph.width + BESIDE : 0);
      return { glyph, strip: stripPicture(boxesOf(strips, group, at), cut, left < LEAST ? width : left) };
    },
  };
}

function titleOf({ rank, prefix, index }: LayerCut): string {
  return `Bytes that rank ${rank} reads from ${index === null ? prefix : `layer ${index}`}`;
}

/** `16–31, 40` of half-open intervals. */
function intervalText(held: LayerCut['held']): string {
  return held.map(([start, end]) => (end - start === 1 ? `${start}` : `${start}–${end - 1}`)).join(', ');
}

/** The cut in one sentence. */
export function cutInWords(cut: LayerCut): string {
  const { held, experts, ranges, bytes, inside } = cut;
  if (ranges.length === 0) return 'This rank reads no expert of this layer.';
  const files = new Set(ranges.map(({ file }) => file)).size;
  return `Experts ${intervalText(held)} of ${formatInteger(experts)}${inside ? ', a part of each' : ''}: ${formatBytes(bytes)} in ${plural(ranges.length, 'range')} of ${plural(files, 'file')}.`;
}

interface FileBox extends StripBox {
  readonly file: string;
}

function boxesOf(strips: Strips, group: LayerGroup, at: number): FileBox[] {
  const ofExperts = new Set(group.expertTensors);
  return layerStrip(strips, group, at).files.flatMap(({ file, boxes }) =>
    boxes.filter(({ name }) => ofExperts.has(name)).map((box) => ({ ...box, file })),
  );
}

/** The byte ranges of the layer's experts in its files: coloured by role where this rank reads them, else grey. */
function stripPicture(boxes: readonly FileBox[], cut: LayerCut, width: number): Picture {
  const axis = axisOf(boxes, width / Math.max(1, axisLength(boxes)));
  const top = axis.lanes.length * LINE + LINE;
  const rect = (run: { readonly file: string; readonly start: number; readonly end: number }) => {
    const place = axis.place(run);
    return {
      ...place,
      width: place.width > GAP_FROM ? place.width - 0.75 : Math.max(0.3, place.width),
      y: top,
      height: STRIP,
    };
  };
  const lit = boxes.flatMap((box) =>
    cut.ranges.flatMap((range) => {
      const read = { file: box.file, start: Math.max(box.start, range.start), end: Math.min(box.end, range.end) };
      return range.file === box.file && read.start < read.end ? [{ box, read }] : [];
    }),
  );
  const marks: Mark[] = [
    ...axis.lanes.flatMap(({ file, start, end, x }, at) => {
      const whole = `${file}  bytes ${formatInteger(start)} to ${formatInteger(end)}`;
      const text = monoWidth(whole, 12) > width ? file : whole;
      return [words(Math.max(0, Math.min(x, width - monoWidth(text, 12))), at * LINE + 12, text)];
    }),
    ...boxes.map(
      (box): Mark => ({ kind: 'box', ...rect(box), ink: 'line', title: titleOfBox(box, box), ...expertOf(box) }),
    ),
    ...lit.map(
      ({ box, read }): Mark => ({
        kind: 'box',
        ...rect(read),
        ink: box.part === null || box.part === 'weight' ? box.role : 'companion',
        title: `${titleOfBox(box, read)}, read by rank ${cut.rank}`,
        ...expertOf(box),
      }),
    ),
    ...bracketsOf(cut.ranges, (range) => axis.place(range), top + STRIP),
    ...ticks(boxes, (box) => axis.place(box).x, { y: top - 4, width }),
  ];
  return { width, height: top + STRIP + 12, title: titleOf(cut), description: cutInWords(cut), marks };
}

function expertOf({ expert }: StripBox): { readonly expert?: number } {
  return expert === null ? {} : { expert };
}

function titleOfBox({ role, expert, name, file }: FileBox, { start, end }: Pick<StripBox, 'start' | 'end'>): string {
  return `${role}${expert === null ? '' : ` ${expert}`}: ${name}, ${file}, bytes ${formatInteger(start)} to ${formatInteger(end)}`;
}

/** A bracket below every range that is read at once, so that it is visible without colour. */
function bracketsOf(
  ranges: readonly CutRange[],
  place: (range: CutRange) => { readonly x: number; readonly width: number },
  y: number,
): Mark[] {
  return ranges.flatMap((range): Mark[] => {
    const { x, width } = place(range);
    const [left, right] = [x, x + Math.max(1, width - 1)];
    return [
      { kind: 'line', from: [left, y + 7], to: [right, y + 7], ink: 'text' },
      { kind: 'line', from: [left, y + 3], to: [left, y + 7], ink: 'text' },
      { kind: 'line', from: [right, y + 3], to: [right, y + 7], ink: 'text' },
    ];
  });
}

function ticks(
  boxes: readonly FileBox[],
  x: (box: FileBox) => number,
  { y, width }: { readonly y: number; readonly width: number },
): Mark[] {
  let [free, before] = [0, -1];
  return boxes.flatMap((box): Mark[] => {
    if (box.expert === null || box.expert === before) return [];
    before = box.expert;
    const [at, text] = [x(box), String(box.expert)];
    if (at < free || at + monoWidth(text, 12) > width) return [];
    free = at + monoWidth(text, 12) + 8;
    return [words(at, y, text, { ink: 'quiet' })];
  });
}

/** Each kind of tensor as a stack along its experts, with the rank's slab coloured. */
function glyphPicture(glyph: Glyph, cut: LayerCut): Picture {
  const longest = Math.max(1, ...glyph.weights.flatMap(({ rows, columns }) => [rows, columns]));
  const columns = glyph.weights.map((tensor) => column(tensor, cut, longest));
  const height = Math.max(0, ...columns.map((each) => each.height));
  let x = 0;
  const marks = columns.flatMap((each) => {
    const at = x;
    x += each.width + GAP;
    return moved(each.marks, at, height - each.height);
  });
  return {
    width: Math.ceil(Math.max(1, x - GAP)),
    height: Math.ceil(height),
    title: titleOf(cut),
    description: cutInWords(cut),
    marks,
  };
}

function column(tensor: GlyphTensor, cut: LayerCut, longest: number) {
  const size = faceSize(tensor, longest, SIDE, THIN);
  const sheets = Math.min(tensor.experts, SHEETS);
  const depth = (sheets - 1) * STEP;
  const each = tensor.experts / sheets;
  const isLit = (sheet: number) => cut.held.some(([start, end]) => start < (sheet + 1) * each && end > sheet * each);
  const lit = Array.from({ length: sheets }, (_, sheet) => sheet).filter(isLit);
  const lines = [tensor.template.split('.').slice(-2).join('.'), ...slabLines(tensor, cut)];
  const bottom = depth + size.height;
  return {
    width: Math.max(size.width + depth, ...lines.map((line) => monoWidth(line, 12))),
    height: bottom + 8 + lines.length * LINE,
    marks: [
      ...moved(slabMarks(tensor, size, { sheets, lit }), 0, depth),
      ...lines.map((line, at) =>
        words(0, bottom + 8 + (at + 1) * LINE - 4, line, { ink: at === 0 ? 'text' : 'quiet' }),
      ),
    ],
  };
}

/** The sheets of a stack, from back to front. Sheets in front of the slab are outlines, so that the slab is visible. */
function slabMarks(
  tensor: GlyphTensor,
  size: Size,
  { sheets, lit }: { readonly sheets: number; readonly lit: readonly number[] },
): Mark[] {
  const [front = 0, back = -1] = [lit[0], lit.at(-1)];
  const shown = new Set(lit);
  const marks = Array.from({ length: sheets }, (_, at) => sheets - 1 - at).flatMap((sheet) => {
    const edged = !(shown.has(sheet - 1) && shown.has(sheet + 1));
    if (shown.has(sheet)) return moved(faceMarks(tensor, size, edged), sheet * STEP, -sheet * STEP);
    if (sheet < back && sheet > 0) return [];
    const outline: Mark = { kind: 'box', x: 0, y: 0, ...size, ink: sheet < back ? null : 'surface', edge: 'line' };
    return moved([outline], sheet * STEP, -sheet * STEP);
  });
  const corners = [
    [0, 0],
    [size.width, 0],
    [size.width, size.height],
  ] as const;
  const depth = front * STEP;
  const edges = corners.map(
    ([x, y]): Mark => ({ kind: 'line', from: [x, y], to: [x + depth, y - depth], ink: 'line' }),
  );
  return front > 0 ? [...marks, ...edges] : marks;
}

/** The part of a tensor that the rank holds: a slab along dim 0, or a number of tensors. */
function slabLines(tensor: GlyphTensor, { held, shapes }: LayerCut): string[] {
  if (held.length === 0) return ['nothing'];
  const count = held.reduce((sum, [start, end]) => sum + end - start, 0);
  if (tensor.stack === 'apart') return [`${formatInteger(count)} of ${formatInteger(tensor.experts)} tensors`];
  const own = shapes.get(tensor.template);
  const slab = held.length === 1 && tensor.stack === 'stacked' ? `[${held[0]?.[0]}:${held[0]?.[1]}] of ` : 'of ';
  return [`${slab}${formatShape(tensor.shape)}`, ...(own ? [`rank holds ${formatShape(own)}`] : [])];
}

import { formatInteger, formatShape } from '../../units.ts';
import type { Band, Glyph, GlyphTensor } from './glyph.ts';
import { type Mark, monoWidth, moved, type Picture, words } from './picture.ts';

/** The longest side of a matrix. */
const SIDE = 112;
/** No side is drawn shorter. */
const THIN = 8;
/** So many sheets of a stack are drawn, each so far behind the one before: tensors apart stand apart, those of one touch. */
const STACKS: StackLook = { apart: { sheets: 6, step: 9 }, together: { sheets: 24, step: 1 } };
/** Blocks of a flat tensor that are drawn. */
const FLAT_BLOCKS = 3;
const STRIPES = 12;
/** Of more experts none is marked. */
const MOST_PLACES = 2048;
const COLUMN_GAP = 28;
const TOP = 40;
const LINE = 16;
/** The box beside the name of a bias or of scales. */
const SWATCH = 9;

/** How stacks are drawn: tensors apart, and all experts in one. */
export interface StackLook {
  readonly apart: SheetLook;
  readonly together: SheetLook;
}

interface SheetLook {
  readonly sheets: number;
  readonly step: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Each kind of tensor once, to one scale: how many matrices, which way round, and where gate and up are in them. */
export function glyphPicture(glyph: Glyph, title: string): Picture {
  const longest = Math.max(1, ...glyph.weights.flatMap(({ rows, columns }) => [rows, columns]));
  const above = sharedStart(glyph.weights.map(({ template }) => template));
  const columns = glyph.weights.map((tensor) => column(tensor, glyph.companions, longest, above.length));
  const top = above === '' ? 0 : LINE;
  const height = top + Math.max(0, ...columns.map((each) => each.height));
  const marks: Mark[] = above === '' ? [] : [words(0, 10, `below ${above}`, { ink: 'quiet' })];
  let x = 0;
  for (const each of columns) {
    marks.push(...moved(each.marks, x, top));
    x += each.width + COLUMN_GAP;
  }
  return {
    width: Math.ceil(Math.max(1, x - COLUMN_GAP, monoWidth(`below ${above}`, LINE))),
    height: Math.ceil(height),
    title,
    description: glyph.weights.map(inWords).join(' '),
    marks,
  };
}

/** What all names begin with, up to a dot; `experts.` alone stays with the names, which it explains. */
function sharedStart(names: readonly string[]): string {
  const [first = ''] = names;
  let end = 0;
  for (let dot = first.indexOf('.'); dot !== -1; dot = first.indexOf('.', dot + 1)) {
    const start = first.slice(0, dot + 1);
    if (!names.every((name) => name.startsWith(start))) break;
    if (!start.endsWith('experts.')) end = dot + 1;
  }
  return first.slice(0, end);
}

/** A kind of tensor in a sentence. */
function inWords({ template, stack, experts, rows, columns, rowsAre, bands }: GlyphTensor): string {
  const which = {
    apart: `${formatInteger(experts)} tensors ${template}, one for each expert`,
    stacked: `one tensor ${template} with ${formatInteger(experts)} experts along its first dimension`,
    flat: `one matrix ${template} with the rows of ${formatInteger(experts)} experts, one expert's below the other's`,
    shared: `one tensor ${template} for all experts`,
  }[stack];
  const turned = rowsAre === 'unknown' ? 'it is not known whether rows are inputs or outputs' : `rows are ${rowsAre}`;
  return `${which}: ${formatInteger(rows)} × ${formatInteger(columns)} each, ${turned}${halves(bands)}.`;
}

function halves(bands: readonly Band[]): string {
  const [first, second] = bands;
  if (!first || !second) return '';
  const { along } = first;
  return first.every
    ? `, ${along} of gate and up alternating`
    : `, ${first.projection} in the first half of its ${along}, ${second.projection} in the second`;
}

interface Column extends Size {
  readonly marks: readonly Mark[];
}

function column(tensor: GlyphTensor, companions: readonly GlyphTensor[], longest: number, above: number): Column {
  const name = tensor.template.slice(above);
  const face = faceSize(tensor, longest);
  const drawn = tensor.stack === 'flat' ? { ...face, height: face.height * FLAT_BLOCKS } : face;
  const depth = depthOf(tensor);
  const left = 4;
  const bottom = TOP + depth + drawn.height;
  const own = companions.filter(({ projection }) => projection === tensor.projection);
  const lines = [`${tensor.dtype} ${formatShape(tensor.shape)}`, ...countTexts(tensor), ...axisTexts(tensor)];
  const beside = own.map((each) => `${each.part} ${each.dtype} ${formatShape(each.shape)}`);
  const marks: Mark[] = [
    words(0, 14, name, { size: 13 }),
    ...moved([...stackMarks(tensor, drawn), ...places(tensor, drawn)], left, TOP + depth),
    ...beside.flatMap((line, at): Mark[] => {
      const y = bottom + 20 + (lines.length + at) * LINE;
      return [
        { kind: 'box', x: left, y: y - 9, width: SWATCH, height: SWATCH, ink: 'companion', edge: 'text' },
        words(left + SWATCH + 6, y, line, { ink: 'quiet' }),
      ];
    }),
    ...lines.map((line, at) => words(0, bottom + 20 + at * LINE, line, { ink: at === 0 ? 'text' : 'quiet' })),
  ];
  const textWidth = Math.max(
    monoWidth(name, 13),
    ...lines.map((line) => monoWidth(line, 12)),
    ...beside.map((line) => left + SWATCH + 6 + monoWidth(line, 12)),
  );
  return {
    marks,
    width: Math.max(left + drawn.width + depth, textWidth),
    height: bottom + 20 + (lines.length + beside.length) * LINE,
  };
}

/** In short lines: their width decides whether the strip has room beside the glyph. */
function countTexts({ stack, experts }: GlyphTensor): readonly string[] {
  if (stack === 'apart') return [`${formatInteger(experts)} tensors`, 'one per expert'];
  if (stack === 'shared') return ['one for all experts'];
  return ['one tensor', `${formatInteger(experts)} experts`];
}

function axisTexts({ rows, columns, rowsAre, part }: GlyphTensor): string[] {
  if (rowsAre === 'unknown') return [`${rows} × ${columns}, orientation not known`];
  const other = rowsAre === 'outputs' ? 'inputs' : 'outputs';
  // Several packed numbers share an element, so elements do not count inputs.
  if (part !== 'weight')
    return [`${rowsAre} down, ${other} across`, `packed: ${formatInteger(rows)} × ${formatInteger(columns)}`];
  return [`${formatInteger(rows)} ${rowsAre} down`, `${formatInteger(columns)} ${other} across`];
}

/** One expert's matrix, where `longest` rows or columns are `side` long. */
export function faceSize({ rows, columns }: GlyphTensor, longest: number, side = SIDE, thin = THIN): Size {
  const scaled = (count: number) => Math.max(thin, (count / longest) * side);
  return { width: scaled(columns), height: scaled(rows) };
}

/** How far the hindmost sheet stands behind the front one. */
export function depthOf({ stack, experts }: GlyphTensor, look = STACKS): number {
  if (stack === 'flat' || stack === 'shared') return 0;
  const { sheets, step } = stack === 'apart' ? look.apart : look.together;
  return (Math.min(experts, sheets) - 1) * step;
}

/** The sheets from the hindmost to the front one, whose top left is (0, 0). */
export function stackMarks(tensor: GlyphTensor, size: Size, look = STACKS): Mark[] {
  if (tensor.stack === 'flat') return flatMarks(tensor, size);
  const { sheets: most, step } = tensor.stack === 'apart' ? look.apart : look.together;
  const sheets = tensor.stack === 'shared' ? 1 : Math.min(tensor.experts, most);
  const marks: Mark[] = [];
  for (let sheet = sheets - 1; sheet >= 0; sheet -= 1)
    marks.push(...moved(faceMarks(tensor, size, tensor.stack === 'apart' || sheet === 0), sheet * step, -sheet * step));
  return sheets > 1 && tensor.stack === 'stacked' ? [...marks, ...hull(size, (sheets - 1) * step)] : marks;
}

/** Where each expert's matrix is in the stack; seen while its expert is chosen. Sheets that are not drawn have their place between those that are. */
function places(tensor: GlyphTensor, { width, height }: Size): Mark[] {
  const { stack, experts } = tensor;
  if (stack === 'shared' || experts > MOST_PLACES) return [];
  const place = (expert: number, x: number, y: number, high: number): Mark => {
    return { kind: 'box', x, y, width, height: high, ink: null, expert };
  };
  if (stack === 'flat') {
    const block = height / FLAT_BLOCKS;
    return Array.from({ length: experts }, (_, expert) =>
      expert < FLAT_BLOCKS ? place(expert, 0, expert * block, block) : place(expert, 0, height, 2),
    );
  }
  const depth = depthOf(tensor);
  return Array.from({ length: experts }, (_, expert) => {
    const back = experts > 1 ? (expert / (experts - 1)) * depth : 0;
    return place(expert, back, -back, height);
  });
}

/** The edges of the box that one tensor is. */
function hull({ width, height }: Size, depth: number): Mark[] {
  const corners = [
    [0, 0],
    [depth, -depth],
    [width + depth, -depth],
    [width + depth, height - depth],
    [width, height],
  ] as const;
  const outline = corners.slice(1).map((to, at): Mark => ({ kind: 'line', from: corners[at] ?? to, to, ink: 'text' }));
  return [...outline, { kind: 'line', from: [width, 0], to: [width + depth, -depth], ink: 'text' }];
}

/** One expert's matrix with its bands, edged where it is a tensor of its own or the front of the stack. */
export function faceMarks(tensor: GlyphTensor, { width, height }: Size, edged: boolean): Mark[] {
  const marks = tensor.bands.flatMap((band) => bandMarks(band, { width, height }));
  if (edged) marks.push({ kind: 'box', x: 0, y: 0, width, height, ink: null, edge: 'text' });
  return marks;
}

function bandMarks({ projection, along, from, to, every }: Band, { width, height }: Size): Mark[] {
  const strip = (start: number, end: number): Mark =>
    along === 'rows'
      ? { kind: 'box', x: 0, y: start * height, width, height: (end - start) * height, ink: projection }
      : { kind: 'box', x: start * width, y: 0, width: (end - start) * width, height, ink: projection };
  if (!every) return [strip(from, to)];
  const first = every === 'first' ? 0 : 1;
  return Array.from({ length: STRIPES / 2 }, (_, at) =>
    strip((2 * at + first) / STRIPES, (2 * at + first + 1) / STRIPES),
  );
}

/** A few experts' blocks one below the other, cut off where the others follow. */
function flatMarks(tensor: GlyphTensor, { width, height }: Size): Mark[] {
  const block = height / FLAT_BLOCKS;
  const marks = Array.from({ length: FLAT_BLOCKS }, (_, at) =>
    moved(faceMarks(tensor, { width, height: block }, false), 0, at * block),
  ).flat();
  const cuts = Array.from(
    { length: FLAT_BLOCKS - 1 },
    (_, at): Mark => ({ kind: 'line', from: [0, (at + 1) * block], to: [width, (at + 1) * block], ink: 'surface' }),
  );
  return [...marks, ...cuts, { kind: 'box', x: 0, y: 0, width, height, ink: null, edge: 'text' }];
}

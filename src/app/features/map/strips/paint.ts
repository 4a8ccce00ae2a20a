import type { FileStrips } from '../../../../../workers/inspect/file-strips.ts';
import {
  type FileStrip,
  formatBytes,
  holesOf,
  ROLES,
  type Role,
  TEXTURE_PATHS,
  textureOf,
} from '../../../../core/index.ts';
import type { Inks } from '../../../grid/paint/inks.ts';
import {
  byteAt,
  bytesOfExpert,
  LABELS,
  rulerStep,
  type StripGeometry,
  type StripView,
  tensorBehind,
  xOf,
} from './geometry.ts';

/** What strips are painted with. */
export interface StripInks {
  readonly page: Inks;
  /** By place in `ROLES`. */
  readonly colours: readonly string[];
  readonly textures: readonly (CanvasPattern | string)[];
}

/** What is to be seen. */
export interface StripScene {
  readonly strips: FileStrips;
  readonly geometry: StripGeometry;
  readonly view: StripView;
  readonly inks: StripInks;
  /** Short names of files, by row. */
  readonly labels: readonly string[];
  /** Number of the layer of a group; null for none. */
  readonly layerOf: (group: number) => number | null;
  /** The chosen expert: its group and number. */
  readonly chosen: { readonly group: number; readonly expert: number } | null;
  /** Tensors that are pointed at and where the cursor is. */
  readonly hover: number | null;
  readonly active: number | null;
}

/** Below this width tensors have no texture. */
const TEXTURED = 6;
/** From this width on a tensor leaves a gap before the next. */
const GAP_FROM = 4;
/** Tensors that would cover less than this of a pixel are left out where others were painted. */
const SLIVER = 0.6;
const NUMBER_FROM = 22;
const TICKS_FROM = 3;
const SMALL = 10;
/** Width of a character of that size. */
const GLYPH = 6.1;

/** Paints the rows in sight, then the ruler and the names of files over them. */
export function paintStrips(context: CanvasRenderingContext2D, scene: StripScene): void {
  const { geometry, view, inks } = scene;
  const { axis, rowHeight, gutter, files } = geometry;
  context.fillStyle = inks.page.surface;
  context.fillRect(0, 0, view.width, view.height);
  context.font = `${SMALL}px ${inks.page.mono}`;
  context.textBaseline = 'alphabetic';
  const first = Math.max(0, Math.floor(view.top / rowHeight));
  const last = Math.min(files.length - 1, Math.floor((view.top + view.height - axis) / rowHeight));
  context.save();
  context.beginPath();
  context.rect(gutter, axis, view.width - gutter, view.height - axis);
  context.clip();
  for (let row = first; row <= last; row += 1) paintRow(context, scene, row, axis + row * rowHeight - view.top);
  context.restore();
  paintRuler(context, scene);
  for (let row = first; row <= last; row += 1) paintLabel(context, scene, row, axis + row * rowHeight - view.top);
}

function paintRow(context: CanvasRenderingContext2D, scene: StripScene, row: number, y: number): void {
  const { strips, geometry, view, inks } = scene;
  const file = geometry.files[row];
  if (!file) return;
  const offset = geometry.gutter - view.left;
  const x = (byte: number) => offset + xOf(geometry, byte);
  const top = y + LABELS;
  const height = geometry.rowHeight - LABELS - 6;
  context.fillStyle = inks.page.lane;
  context.fillRect(x(0), top, Math.max(1, x(file.byteLength) - x(0)), height);
  for (const hole of holesOf(strips, file)) {
    context.fillStyle = inks.page.danger;
    context.fillRect(x(hole.start), top, Math.max(2, x(hole.end) - x(hole.start)), height);
  }
  const from = tensorBehind(strips, file, byteAt(geometry, view.left));
  const end = byteAt(geometry, view.left + view.width);
  let reached = Number.NEGATIVE_INFINITY;
  for (let at = from; at < file.to && (strips.start[at] ?? 0) < end; at += 1) {
    const [left, right] = [x(strips.start[at] ?? 0), x(strips.end[at] ?? 0)];
    if (right - reached < SLIVER) continue;
    const begin = Math.max(left, reached);
    const role = strips.role[at] ?? 0;
    const wide = right - left;
    context.fillStyle = (wide >= TEXTURED ? inks.textures[role] : inks.colours[role]) ?? inks.page.lane;
    context.fillRect(begin, top, Math.max(1, right - begin - (wide >= GAP_FROM ? 1 : 0)), height);
    if (wide >= NUMBER_FROM) paintInside(context, scene, at, left, wide, top, height);
    reached = Math.max(right, begin + 1);
  }
  paintLayers(context, scene, row, y);
  paintMarked(context, scene, row, top, height);
}

/** The number of the expert, or ticks where a tensor holds several. */
function paintInside(
  context: CanvasRenderingContext2D,
  { strips, inks, view }: StripScene,
  at: number,
  left: number,
  wide: number,
  top: number,
  height: number,
): void {
  const expert = strips.expert[at] ?? -1;
  if (expert >= 0) {
    plate(context, inks, String(expert), left + 3, top + height - 3);
    return;
  }
  const experts = strips.cut[at] ?? 0;
  const each = wide / experts;
  if (experts === 0 || each < TICKS_FROM) return;
  const first = Math.max(0, Math.floor(-left / each));
  const last = Math.min(experts, Math.ceil((view.width - left) / each));
  context.fillStyle = inks.page.surface;
  for (let expertAt = first; expertAt < last; expertAt += 1) {
    if (expertAt > 0) context.fillRect(left + expertAt * each, top, 1, height);
  }
  if (each >= NUMBER_FROM)
    for (let expertAt = first; expertAt < last; expertAt += 1)
      plate(context, inks, String(expertAt), left + expertAt * each + 3, top + height - 3);
}

/** Draws a text on a filled box, so that it can be read over any colour and texture. */
function plate(context: CanvasRenderingContext2D, { page }: StripInks, text: string, x: number, y: number): void {
  const width = text.length * GLYPH + 2;
  context.fillStyle = page.surface;
  context.fillRect(x - 1, y - 9, width, 11);
  context.fillStyle = page.text;
  context.fillText(text, x, y);
}

/** Numbers of layers above the first of their tensors in a row, where there is room. */
function paintLayers(context: CanvasRenderingContext2D, scene: StripScene, row: number, y: number): void {
  const { strips, geometry, view, inks, layerOf } = scene;
  const file = geometry.files[row];
  if (!file) return;
  const x = (byte: number) => geometry.gutter - view.left + xOf(geometry, byte);
  let before = -2;
  let free = Number.NEGATIVE_INFINITY;
  for (let at = file.from; at < file.to; at += 1) {
    const group = strips.group[at] ?? -1;
    if (group === before) continue;
    before = group;
    const left = Math.max(geometry.gutter, x(strips.start[at] ?? 0));
    if (left > view.width) break;
    const number = layerOf(group);
    if (number === null || left < free || endOfRun(strips, file, at, x) < geometry.gutter) continue;
    const text = `layer ${number}`;
    free = left + text.length * GLYPH + 8;
    context.fillStyle = inks.page.quiet;
    context.fillRect(left, y + 3, 1, LABELS - 3);
    context.fillText(text, left + 4, y + LABELS - 3);
  }
}

/** Where the tensors of one group that begin at a place end. */
function endOfRun({ group, end }: FileStrips, file: FileStrip, from: number, x: (byte: number) => number): number {
  let at = from;
  while (at + 1 < file.to && group[at + 1] === group[from]) at += 1;
  return x(end[at] ?? 0);
}

/** Frames round the bytes of the chosen expert, what is pointed at, and the cursor. */
function paintMarked(
  context: CanvasRenderingContext2D,
  { strips, geometry, view, inks, chosen, hover, active }: StripScene,
  row: number,
  top: number,
  height: number,
): void {
  const file = geometry.files[row];
  if (!file) return;
  const x = (byte: number) => geometry.gutter - view.left + xOf(geometry, byte);
  const frame = (bytes: { readonly start: number; readonly end: number }, ink: string, grow: number) => {
    const [left, right] = [x(bytes.start), x(bytes.end)];
    context.strokeStyle = inks.page.surface;
    context.lineWidth = 4;
    context.strokeRect(left - grow, top - grow, Math.max(2, right - left) + 2 * grow, height + 2 * grow);
    context.strokeStyle = ink;
    context.lineWidth = 2;
    context.strokeRect(left - grow, top - grow, Math.max(2, right - left) + 2 * grow, height + 2 * grow);
  };
  if (chosen) {
    const end = byteAt(geometry, view.left + view.width);
    for (
      let at = tensorBehind(strips, file, byteAt(geometry, view.left));
      at < file.to && (strips.start[at] ?? 0) < end;
      at += 1
    ) {
      const bytes = strips.group[at] === chosen.group ? bytesOfExpert(strips, at, chosen.expert) : null;
      if (bytes) frame(bytes, inks.page.text, 1);
    }
  }
  for (const [at, ink] of [
    [hover, inks.page.quiet],
    [active, inks.page.accent],
  ] as const) {
    if (at !== null && at >= file.from && at < file.to)
      frame({ start: strips.start[at] ?? 0, end: strips.end[at] ?? 0 }, ink, 2);
  }
}

function paintRuler(context: CanvasRenderingContext2D, { geometry, view, inks }: StripScene): void {
  const { gutter, axis, longest } = geometry;
  context.fillStyle = inks.page.surface;
  context.fillRect(0, 0, view.width, axis);
  context.fillStyle = inks.page.line;
  context.fillRect(gutter, axis - 1, view.width - gutter, 1);
  const step = rulerStep(geometry, 88);
  const first = Math.floor(byteAt(geometry, view.left) / step) * step;
  const end = Math.min(longest, byteAt(geometry, view.left + view.width));
  for (let byte = first; byte <= end; byte += step) {
    const at = gutter - view.left + xOf(geometry, byte);
    if (at < gutter) continue;
    context.fillStyle = inks.page.line;
    context.fillRect(at, axis - 6, 1, 6);
    context.fillStyle = inks.page.quiet;
    context.fillText(byte === 0 ? 'byte 0' : formatBytes(byte), at + 3, axis - 9);
  }
}

function paintLabel(
  context: CanvasRenderingContext2D,
  { geometry, inks, labels, view }: StripScene,
  row: number,
  y: number,
): void {
  const { gutter, rowHeight, axis } = geometry;
  const clipped = Math.max(axis, y);
  context.fillStyle = inks.page.surface;
  context.fillRect(0, clipped, gutter - 2, y + rowHeight - clipped);
  const line = y + LABELS + (rowHeight - LABELS - 6) / 2 + 4;
  if (line < axis + 8 || line > view.height + 8) return;
  context.fillStyle = inks.page.text;
  context.textAlign = 'right';
  context.fillText(labels[row] ?? '', gutter - 10, line);
  context.textAlign = 'left';
}

const made = new WeakMap<Inks, StripInks>();

/** The inks of roles as the page has them, made once for each theme: a colour, and over it the texture that tells a role without it. */
export function stripInks(context: CanvasRenderingContext2D, page: Inks): StripInks {
  const known = made.get(page);
  if (known) return known;
  const style = getComputedStyle(context.canvas);
  const colours = ROLES.map((role) => style.getPropertyValue(`--role-${role}`).trim());
  const inks = { page, colours, textures: ROLES.map((role, at) => texture(role, colours, at, page, context)) };
  made.set(page, inks);
  return inks;
}

function texture(
  role: Role,
  colours: readonly string[],
  at: number,
  page: Inks,
  context: CanvasRenderingContext2D,
): CanvasPattern | string {
  const colour = colours[at] ?? '';
  const kind = textureOf(role);
  if (kind === 'plain') return colour;
  const tile = document.createElement('canvas');
  tile.width = tile.height = 6;
  const brush = tile.getContext('2d');
  if (!brush) return colour;
  brush.fillStyle = colour;
  brush.fillRect(0, 0, 6, 6);
  brush.strokeStyle = page.surface;
  brush.fillStyle = page.surface;
  brush.globalAlpha = 0.45;
  const path = TEXTURE_PATHS[kind];
  if (path !== undefined) brush.stroke(new Path2D(path));
  if (kind === 'dots') {
    brush.beginPath();
    brush.arc(3, 3, 1.2, 0, 7);
    brush.fill();
  }
  if (kind === 'halves') {
    brush.globalAlpha = 1;
    brush.fillStyle = colours[ROLES.indexOf('up')] ?? colour;
    brush.fillRect(0, 3, 6, 3);
  }
  return context.createPattern(tile, 'repeat') ?? colour;
}

import type { FileStrips } from '../../../../../workers/inspect/file-strips.ts';
import type { FileStrip } from '../../../../core/index.ts';
import type { Spot } from '../../../state/seen/place.ts';

/** Files one below the other, each a strip of its bytes; distances in CSS pixels. */
export interface StripGeometry {
  readonly files: readonly FileStrip[];
  /** Bytes of the longest file, which fills the width at zoom 1. */
  readonly longest: number;
  /** Of the strips, zoom included. */
  readonly width: number;
  readonly rowHeight: number;
  /** Numbers of files, left of the strips. */
  readonly gutter: number;
  /** The ruler, above them. */
  readonly axis: number;
}

/** How far the strips are scrolled, and what has room. */
export interface StripView {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export const GUTTER = 64;
export const AXIS = 24;
/** Layer numbers above the tensors of a row. */
export const LABELS = 12;
const LEAST_ROW = 30;
const MOST_ROW = 64;
/** No browser lays out more. */
const MOST_WIDTH = 8_000_000;
/** Pointers do not hit single pixels. */
const REACH = 3;

export const MOST_ZOOM = 16_384;

/** Rows as high as the view allows; at zoom 1 the longest file is as wide as the view. */
export function fitStrips(
  files: readonly FileStrip[],
  { width, height }: Pick<StripView, 'width' | 'height'>,
  zoom: number,
): StripGeometry {
  const longest = files.reduce((most, { byteLength }) => Math.max(most, byteLength), 1);
  const rowHeight = Math.floor((height - AXIS) / Math.max(1, files.length));
  return {
    files,
    longest,
    width: Math.min(MOST_WIDTH, Math.max(80, width - GUTTER - 8) * zoom),
    rowHeight: Math.min(MOST_ROW, Math.max(LEAST_ROW, rowHeight)),
    gutter: GUTTER,
    axis: AXIS,
  };
}

/** Size of everything, gutter and ruler included. */
export function contentSize({ files, width, rowHeight, gutter, axis }: StripGeometry) {
  return { width: gutter + width + 8, height: axis + files.length * rowHeight };
}

/** Where a byte is, from the strip's start. */
export function xOf({ width, longest }: StripGeometry, byte: number): number {
  return (byte / longest) * width;
}

/** The byte at a distance from the strip's start. */
export function byteAt({ width, longest }: StripGeometry, x: number): number {
  return (x / width) * longest;
}

/** The first tensor of a file that ends behind a byte; the file's `to` where none does. */
export function tensorBehind({ end }: Pick<FileStrips, 'end'>, { from, to }: FileStrip, byte: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((end[middle] ?? 0) > byte) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What of the strips lies at a place. */
export interface StripPlace {
  readonly row: number;
  /** Place of the tensor in the columns; null beside tensors. */
  readonly tensor: number | null;
  /** The expert whose bytes these are; null where they are no one expert's. */
  readonly expert: number | null;
}

/** The place under a point of the visible canvas; null outside of the rows. */
export function placeAt(
  geometry: StripGeometry,
  strips: FileStrips,
  scroll: { readonly left: number; readonly top: number },
  x: number,
  y: number,
): StripPlace | null {
  const { gutter, axis, rowHeight, files } = geometry;
  const row = Math.floor((y - axis + scroll.top) / rowHeight);
  const file = files[row];
  if (y < axis || !file) return null;
  const byte = byteAt(geometry, x - gutter + scroll.left);
  if (x < gutter || byte > file.byteLength) return { row, tensor: null, expert: null };
  const tensor = nearest(geometry, strips, file, byte);
  return { row, tensor, expert: tensor === null ? null : expertAt(strips, tensor, byte) };
}

/** The place of a tensor; its expert where it is one's alone. */
export function placeOfTensor({ files, expert }: Pick<FileStrips, 'files' | 'expert'>, tensor: number): StripPlace {
  const own = expert[tensor] ?? -1;
  return {
    row: files.findIndex(({ from, to }) => tensor >= from && tensor < to),
    tensor,
    expert: own >= 0 ? own : null,
  };
}

/** The tensor that holds a byte, or one that begins or ends within reach. */
function nearest(geometry: StripGeometry, strips: FileStrips, file: FileStrip, byte: number): number | null {
  const reach = byteAt(geometry, REACH);
  const behind = tensorBehind(strips, file, byte);
  const distance = (at: number) =>
    at < file.from || at >= file.to
      ? Number.POSITIVE_INFINITY
      : Math.max(0, (strips.start[at] ?? 0) - byte, byte - (strips.end[at] ?? 0));
  const [best] = [behind, behind - 1].sort((a, b) => distance(a) - distance(b));
  return best !== undefined && distance(best) <= reach ? best : null;
}

/** The expert whose bytes lie at a byte of a tensor. */
export function expertAt({ start, end, expert, cut }: FileStrips, tensor: number, byte: number): number | null {
  const own = expert[tensor] ?? -1;
  if (own >= 0) return own;
  const experts = cut[tensor] ?? 0;
  if (experts === 0) return null;
  const [from, to] = [start[tensor] ?? 0, end[tensor] ?? 0];
  return Math.min(experts - 1, Math.max(0, Math.floor(((byte - from) / (to - from)) * experts)));
}

/** Bytes of one expert in a tensor; null where the tensor is not that expert's. */
export function bytesOfExpert(
  { start, end, expert, cut }: FileStrips,
  tensor: number,
  wanted: number,
): { readonly start: number; readonly end: number } | null {
  const [from, to] = [start[tensor] ?? 0, end[tensor] ?? 0];
  if (expert[tensor] === wanted) return { start: from, end: to };
  const experts = cut[tensor] ?? 0;
  if (wanted >= experts) return null;
  const each = (to - from) / experts;
  return { start: from + wanted * each, end: from + (wanted + 1) * each };
}

/** The row and the bytes of the first tensor that holds an expert of a group; null where none does. */
export function placeOfExpert(
  strips: FileStrips,
  group: number,
  wanted: number,
): { readonly row: number; readonly start: number; readonly end: number } | null {
  for (let tensor = 0; tensor < strips.start.length; tensor += 1) {
    const bytes = strips.group[tensor] === group ? bytesOfExpert(strips, tensor, wanted) : null;
    if (bytes) return { row: placeOfTensor(strips, tensor).row, ...bytes };
  }
  return null;
}

/** The row and the byte in the middle of what is in sight. */
export function spotOf(geometry: StripGeometry, { left, top, width, height }: StripView): Spot {
  return {
    row: (top + Math.max(0, height - geometry.axis) / 2) / geometry.rowHeight,
    column: byteAt(geometry, left + Math.max(0, width - geometry.gutter) / 2),
  };
}

/** How far the strips are to be scrolled so that a spot is in the middle. */
export function scrollToSpot(
  geometry: StripGeometry,
  { row, column }: Spot,
  { width, height }: Pick<StripView, 'width' | 'height'>,
): { readonly left: number; readonly top: number } {
  return {
    left: Math.max(0, xOf(geometry, column) - Math.max(0, width - geometry.gutter) / 2),
    top: Math.max(0, row * geometry.rowHeight - Math.max(0, height - geometry.axis) / 2),
  };
}

/** The scroll position that keeps what is under a point of the view there when the width changes. */
export function keepUnder(before: StripGeometry, after: Pick<StripGeometry, 'width'>, left: number, x: number): number {
  const at = Math.max(0, x - before.gutter);
  return Math.max(0, ((left + at) / before.width) * after.width - at);
}

/** The scroll position nearest to `from` that shows bytes of a row. */
export function scrollTo(
  geometry: StripGeometry,
  row: number,
  bytes: { readonly start: number; readonly end: number },
  from: { readonly left: number; readonly top: number },
  room: { readonly width: number; readonly height: number },
): { readonly left: number; readonly top: number } {
  const clamp = (position: number, start: number, size: number, space: number) =>
    Math.min(start, Math.max(position, start + Math.min(size, space) - space));
  const start = xOf(geometry, bytes.start);
  return {
    left: clamp(from.left, start, xOf(geometry, bytes.end) - start, room.width - geometry.gutter - 8),
    top: clamp(from.top, row * geometry.rowHeight, geometry.rowHeight, room.height - geometry.axis),
  };
}

/** Bytes between two marks of the ruler: 1, 2 or 5 of a power of ten, at least so many pixels apart. */
export function rulerStep(geometry: StripGeometry, pixels: number): number {
  const least = Math.max(1, byteAt(geometry, pixels));
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= least) ?? 10 * power;
}

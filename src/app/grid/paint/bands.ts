import type { MapRow, Projection } from '../../../core/index.ts';
import type { Geometry } from '../geometry.ts';

/** What a cell has room for: one colour, the bands of its matrices, its number too. */
export type Detail = 'plain' | 'bands' | 'numbers';

/** Pixels of a cell's shorter side from which it has room for bands, and for a number. */
const ROOM_FOR_BANDS = 16;
const ROOM_FOR_NUMBERS = 28;
/** Pixels above the bands that a number takes. */
export const NUMBER_HEIGHT = 11;
/** Cells of so many pixels are parted by wider gaps. */
const WIDE = 36;
/** Pixels of a stripe, and how many pairs of them there are at most. */
const STRIPE = 2;
const MOST_PAIRS = 4;

/** What cells of a size have room for. */
export function detailOf({ cellWidth, cellHeight }: Pick<Geometry, 'cellWidth' | 'cellHeight'>): Detail {
  const size = Math.min(cellWidth, cellHeight);
  return size >= ROOM_FOR_NUMBERS ? 'numbers' : size >= ROOM_FOR_BANDS ? 'bands' : 'plain';
}

/** Pixels between the matrices of experts, and between cells of experts apart. */
export function gapOf({ cellWidth, cellHeight }: Pick<Geometry, 'cellWidth' | 'cellHeight'>): number {
  return Math.min(cellWidth, cellHeight) >= WIDE ? 2 : 1;
}

/** A part of a matrix in its cell, in pixels from the cell's corner. */
export interface BandBox {
  readonly projection: Projection;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Where the matrices of an expert are drawn in its cell: tensors below each other with a gap between them, gate and up of
 * one tensor without a gap, side by side where they share its columns, in stripes where they are interleaved.
 */
export function bandBoxes(
  { bands, stacked }: Pick<MapRow, 'bands' | 'stacked'>,
  geometry: Pick<Geometry, 'cellWidth' | 'cellHeight'>,
): readonly BandBox[] {
  const { cellWidth, cellHeight } = geometry;
  const gap = gapOf(geometry);
  const inset = stacked ? gap + 1 : gap;
  const above = detailOf(geometry) === 'numbers' ? NUMBER_HEIGHT : 0;
  const shares = bands.reduce((sum, tensor) => sum + tensor.length, 0);
  const room = cellHeight - 2 * inset - above - gap * (bands.length - 1);
  const each = Math.max(1, Math.floor(room / Math.max(1, shares)));
  const boxes: BandBox[] = [];
  let top = inset + above + Math.max(0, Math.floor((room - each * shares) / 2));
  for (const tensor of bands) {
    const height = each * tensor.length;
    boxes.push(...tensor.flatMap((band) => boxesOf(band, cellWidth, top, height)));
    top += height + gap;
  }
  return boxes;
}

function boxesOf(band: MapRow['bands'][number][number], width: number, y: number, height: number): BandBox[] {
  const { projection, along, every } = band;
  const across = along === 'columns';
  const size = across ? width : height;
  const box = (from: number, to: number): BandBox =>
    across
      ? { projection, x: from, y, width: to - from, height }
      : { projection, x: 0, y: y + from, width, height: to - from };
  if (every === null) return [box(Math.round(band.from * size), Math.round(band.to * size))];
  const pairs = Math.max(1, Math.min(MOST_PAIRS, Math.floor(size / (2 * STRIPE))));
  const edge = (stripe: number) => Math.round((stripe * size) / (2 * pairs));
  const first = every === 'first' ? 0 : 1;
  return Array.from({ length: pairs }, (_, pair) => box(edge(2 * pair + first), edge(2 * pair + first + 1)));
}

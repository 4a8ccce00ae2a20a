import { type RefObject, useCallback, useMemo } from 'react';
import type { PlacedPicture } from '../../../../../workers/ranks/protocol.ts';
import type { Cell, Geometry } from '../../../grid/geometry.ts';
import { type Paint, pictureOf, useCanvas, useInks } from '../../../grid/use-canvas.ts';
import type { Viewport } from '../../../grid/use-viewport.ts';
import { cellsOfRank, pixelsOf } from '../../../placement/rank-colours.ts';
import { sizeText } from '../rank-format.ts';
import { paintPlacement } from './paint-placement.ts';

/** How much of other ranks' colours the veil hides, of 255. */
const VEIL = 208;

interface Painting {
  readonly placed: PlacedPicture;
  readonly shown: number | null;
  /** The shown rank's cells once they are known exactly. */
  readonly cells: Uint8Array | null;
  readonly geometry: Geometry;
  readonly viewport: Viewport;
  readonly active: Cell | null;
  readonly hover: Cell | null;
}

/** Keeps the canvas true to the placement. */
export function usePlacementPainting(canvas: RefObject<HTMLCanvasElement | null>, painting: Painting): void {
  const { placed, shown, cells, geometry, viewport, active, hover } = painting;
  const { view, size } = viewport;
  const inks = useInks();
  const { width, rows } = placed;
  const layer = useMemo(() => pictureOf(pixelsOf(placed), width, rows.length), [placed, width, rows]);
  const veil = useMemo(() => {
    if (shown === null) return null;
    return pictureOf(veilOf(cells ?? cellsOfRank(placed, shown), inks.surface), width, rows.length);
  }, [placed, shown, cells, inks, width, rows]);
  const paint: Paint = useCallback(
    (context, element) => {
      paintPlacement(context, { placed, layer, veil, geometry, inks, view: { ...view, ...size }, active, hover });
      element.dataset.painted = sizeText(placed);
    },
    [placed, layer, veil, geometry, inks, view, size, active, hover],
  );
  useCanvas(canvas, size, paint);
}

/** The ground's colour over every cell that is not the rank's. */
export function veilOf(cells: Uint8Array, surface: string): Uint8ClampedArray<ArrayBuffer> {
  const hex = surface.slice(1);
  const value = Number.parseInt(hex.length === 3 ? hex.replaceAll(/./g, '$&$&') : hex.slice(0, 6), 16);
  const pixels = new Uint8ClampedArray(cells.length * 4);
  for (const [at, mine] of cells.entries())
    if (mine === 0) pixels.set([value >> 16, (value >> 8) & 255, value & 255, VEIL], at * 4);
  return pixels;
}

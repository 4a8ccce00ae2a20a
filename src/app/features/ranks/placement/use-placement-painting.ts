import { type RefObject, useEffect, useMemo, useState } from 'react';
import type { PlacedPicture } from '../../../../../workers/ranks-protocol.ts';
import type { Cell, Geometry } from '../../../grid/geometry.ts';
import { readInks } from '../../../grid/paint-experts.ts';
import { useTheme } from '../../../theme/use-theme.ts';
import { sizeText } from '../words.ts';
import { paintPlacement } from './paint-placement.ts';
import { cellsOfRank, pixelsOf } from './rank-colours.ts';

/** How much of other ranks' colours the veil hides, of 255. */
const VEIL = 208;

interface Painting {
  readonly placed: PlacedPicture;
  readonly shown: number | null;
  /** The shown rank's cells once they are known exactly. */
  readonly cells: Uint8Array | null;
  readonly geometry: Geometry;
  readonly view: { readonly left: number; readonly top: number };
  readonly size: { readonly width: number; readonly height: number };
  readonly active: Cell | null;
  readonly hover: Cell | null;
}

/** Keeps the canvas true to the placement, one painting a frame. */
export function usePlacementPainting(canvas: RefObject<HTMLCanvasElement | null>, painting: Painting): void {
  const { placed, shown, cells, geometry, view, size, active, hover } = painting;
  const theme = useTheme();
  const ratio = usePixelRatio();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the inks are the theme's
  const inks = useMemo(() => readInks(document.documentElement), [theme]);
  const layer = useMemo(() => pictureOf(pixelsOf(placed), placed), [placed]);
  const veil = useMemo(() => {
    if (shown === null) return null;
    return pictureOf(veilOf(cells ?? cellsOfRank(placed, shown), inks.surface), placed);
  }, [placed, shown, cells, inks]);
  useEffect(() => {
    if (size.width === 0) return;
    const frame = requestAnimationFrame(() => {
      const element = canvas.current;
      const context = element?.getContext('2d');
      if (!element || !context) return;
      const [wide, high] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
      if (element.width !== wide) element.width = wide;
      if (element.height !== high) element.height = high;
      element.style.width = `${size.width}px`;
      element.style.height = `${size.height}px`;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      paintPlacement(context, { placed, layer, veil, geometry, inks, view: { ...view, ...size }, active, hover });
      element.dataset.painted = sizeText(placed);
    });
    return () => cancelAnimationFrame(frame);
  }, [canvas, placed, layer, veil, geometry, inks, view, size, ratio, active, hover]);
}

function usePixelRatio(): number {
  const [ratio, setRatio] = useState(() => window.devicePixelRatio);
  useEffect(() => {
    const query = matchMedia(`(resolution: ${ratio}dppx)`);
    const follow = () => setRatio(window.devicePixelRatio);
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, [ratio]);
  return ratio;
}

/** The ground's colour over every cell that is not the rank's. */
function veilOf(cells: Uint8Array, surface: string): Uint8ClampedArray<ArrayBuffer> {
  const hex = surface.slice(1);
  const value = Number.parseInt(hex.length === 3 ? hex.replaceAll(/./g, '$&$&') : hex.slice(0, 6), 16);
  const pixels = new Uint8ClampedArray(cells.length * 4);
  for (const [at, mine] of cells.entries())
    if (mine === 0) pixels.set([value >> 16, (value >> 8) & 255, value & 255, VEIL], at * 4);
  return pixels;
}

function pictureOf(pixels: Uint8ClampedArray<ArrayBuffer>, { width, rows }: PlacedPicture): HTMLCanvasElement {
  const layer = document.createElement('canvas');
  layer.width = Math.max(1, width);
  layer.height = Math.max(1, rows.length);
  if (pixels.length > 0 && pixels.length === width * rows.length * 4)
    layer.getContext('2d')?.putImageData(new ImageData(pixels, width, rows.length), 0, 0);
  return layer;
}

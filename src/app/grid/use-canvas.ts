import { type RefObject, useEffect, useMemo, useState } from 'react';
import { useTheme } from '../theme/use-theme.ts';
import { type Inks, readInks } from './paint/inks.ts';
import type { Viewport } from './use-viewport.ts';

/** Paints what can be seen; the context is scaled to CSS pixels already. */
export type Paint = (context: CanvasRenderingContext2D, canvas: HTMLCanvasElement) => void;

/** Keeps a canvas true to `paint`, which is the same function until something to be seen changes: one painting a frame. */
export function useCanvas(canvas: RefObject<HTMLCanvasElement | null>, size: Viewport['size'], paint: Paint): void {
  const ratio = usePixelRatio();
  useEffect(() => {
    if (size.width === 0) return;
    const frame = requestAnimationFrame(() => {
      const element = canvas.current;
      const context = element?.getContext('2d');
      if (!element || !context) return;
      resize(element, size, ratio);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      paint(context, element);
    });
    return () => cancelAnimationFrame(frame);
  }, [canvas, size, ratio, paint]);
}

/** The colours of the page, read again when its theme changes. */
export function useInks(): Inks {
  const theme = useTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the inks are the theme's
  return useMemo(() => readInks(document.documentElement), [theme]);
}

/** Cells as a picture of one pixel each, to be drawn as large as they are. */
export function pictureOf(pixels: Uint8ClampedArray<ArrayBuffer>, columns: number, rows: number): HTMLCanvasElement {
  const picture = document.createElement('canvas');
  picture.width = Math.max(1, columns);
  picture.height = Math.max(1, rows);
  if (pixels.length > 0 && pixels.length === columns * rows * 4)
    picture.getContext('2d')?.putImageData(new ImageData(pixels, columns, rows), 0, 0);
  return picture;
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

function resize(canvas: HTMLCanvasElement, { width, height }: Viewport['size'], ratio: number): void {
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}

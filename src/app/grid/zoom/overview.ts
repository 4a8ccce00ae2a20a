import { contentSize, type Geometry, type View } from '../geometry.ts';

/** The most pixels of the small picture of a whole grid. */
const WIDEST = 160;
const HIGHEST = 112;
/** The most that it covers of the width and the height of what is in sight. */
const PART = 0.3;

/** The small picture of a whole grid: its size, and the frame of what is in sight. */
export interface Overview {
  readonly width: number;
  readonly height: number;
  readonly frame: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** The overview of a grid; null where all of it is in sight. */
export function overviewOf(geometry: Geometry, view: View): Overview | null {
  const { rows, columns, cellWidth, cellHeight, gutter, axis } = geometry;
  const content = contentSize(geometry);
  if (view.width === 0 || (content.width <= view.width && content.height <= view.height)) return null;
  const [wide, high] = [columns * cellWidth, rows * cellHeight];
  const scale = Math.min(Math.min(WIDEST, PART * view.width) / wide, Math.min(HIGHEST, PART * view.height) / high);
  const [width, height] = [Math.max(8, Math.round(wide * scale)), Math.max(8, Math.round(high * scale))];
  const part = (from: number, room: number, all: number, pixels: number) => {
    const start = Math.min(1, from / all) * pixels;
    return [start, Math.min(pixels - start, (room / all) * pixels)] as const;
  };
  const [x, w] = part(view.left, view.width - gutter, wide, width);
  const [y, h] = part(view.top, view.height - axis, high, height);
  return { width, height, frame: { x, y, width: w, height: h } };
}

/** How far a grid is to be scrolled so that the middle of what is in sight is at a point of its overview. */
export function scrollFromOverview(
  geometry: Geometry,
  view: View,
  { width, height }: Pick<Overview, 'width' | 'height'>,
  point: { readonly x: number; readonly y: number },
): { readonly left: number; readonly top: number } {
  const { rows, columns, cellWidth, cellHeight, gutter, axis } = geometry;
  const middle = (at: number, pixels: number, all: number, room: number) =>
    Math.min(Math.max(0, all - room), Math.max(0, (at / pixels) * all - room / 2));
  return {
    left: middle(point.x, width, columns * cellWidth, view.width - gutter),
    top: middle(point.y, height, rows * cellHeight, view.height - axis),
  };
}

/** Part of what is in sight by which an arrow key moves it. */
const STRIDE = 0.25;

/** How far a grid is to be scrolled after an arrow key; null for every other key. */
export function scrollOfKey(key: string, view: View): { readonly left: number; readonly top: number } | null {
  const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (!by) return null;
  const [across = 0, down = 0] = by;
  return { left: view.left + across * STRIDE * view.width, top: view.top + down * STRIDE * view.height };
}

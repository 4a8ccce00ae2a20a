import type { Geometry } from '../../../grid/geometry.ts';

export type GridSide = 'left' | 'right';

/** What of a scrolling element is needed; a stand-in in tests. */
export interface Scroller {
  scrollLeft: number;
  scrollTop: number;
  addEventListener(type: 'scroll', listener: () => void, options?: { readonly passive: boolean }): void;
  removeEventListener(type: 'scroll', listener: () => void): void;
}

/** Two grids that are scrolled as one: what is at the edge of one is at the edge of the other. */
export interface InStep {
  /** Takes part while it is shown with a geometry; gives back how to leave. */
  join(side: GridSide, scroller: Scroller, geometry: Geometry): () => void;
}

/** Creates the link between two grids. `twins`: row of a side → row of the other, -1 for none. */
export function createInStep(twins: Readonly<Record<GridSide, readonly number[]>>): InStep {
  const sides = new Map<GridSide, { readonly scroller: Scroller; readonly geometry: Geometry }>();
  // Where a side was moved to: its scroll event is an echo while it is still there, clamped or not.
  let echo: { readonly side: GridSide; readonly top: number; readonly left: number } | null = null;
  const follow = (side: GridSide) => {
    const from = sides.get(side);
    const other = side === 'left' ? 'right' : 'left';
    const to = sides.get(other);
    if (!from || !to) return;
    if (echo?.side === side && echo.top === from.scroller.scrollTop && echo.left === from.scroller.scrollLeft) return;
    const row = from.scroller.scrollTop / from.geometry.cellHeight;
    const twin = twins[side][Math.floor(row)] ?? -1;
    const top = ((twin < 0 ? Math.floor(row) : twin) + (row % 1)) * to.geometry.cellHeight;
    const left = (from.scroller.scrollLeft / from.geometry.cellWidth) * to.geometry.cellWidth;
    to.scroller.scrollTop = top;
    to.scroller.scrollLeft = left;
    echo = { side: other, top: to.scroller.scrollTop, left: to.scroller.scrollLeft };
  };
  return {
    join: (side, scroller, geometry) => {
      sides.set(side, { scroller, geometry });
      const listener = () => follow(side);
      scroller.addEventListener('scroll', listener, { passive: true });
      return () => {
        scroller.removeEventListener('scroll', listener);
        if (sides.get(side)?.scroller === scroller) sides.delete(side);
      };
    },
  };
}

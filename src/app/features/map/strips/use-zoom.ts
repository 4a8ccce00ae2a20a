import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { FileStrips } from '../../../../../workers/inspect/file-strips.ts';
import type { Viewport } from '../../../grid/use-viewport.ts';
import { fitStrips, keepUnder, MOST_ZOOM } from './geometry.ts';

/** How much wider one press makes the strips. */
const STEP = 1.5;
/** A wheel's pixels that double the width. */
const DOUBLES = 240;

/** The strips' width: by buttons and keys about the middle, by Ctrl and wheel or a pinch about the pointer. */
export function useZoom(scroller: RefObject<HTMLElement | null>, strips: FileStrips, { size }: Viewport) {
  const [zoom, setZoom] = useState(1);
  /** Where the strips are to be scrolled once they have their new width. */
  const left = useRef<number | null>(null);
  const zoomTo = useCallback(
    (wanted: number, x: number = size.width / 2) => {
      const element = scroller.current;
      const next = Math.min(MOST_ZOOM, Math.max(1, wanted));
      if (!element || next === zoom) return;
      const [before, after] = [fitStrips(strips.files, size, zoom), fitStrips(strips.files, size, next)];
      left.current = keepUnder(before, after, element.scrollLeft, x);
      setZoom(next);
    },
    [scroller, strips, size, zoom],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the scroll position belongs to the new width
  useLayoutEffect(() => {
    if (left.current !== null && scroller.current) scroller.current.scrollLeft = left.current;
    left.current = null;
  }, [zoom, scroller]);
  useEffect(() => {
    const element = scroller.current;
    const turn = (event: WheelEvent) => {
      // A pinch on a touch pad comes as a wheel with Ctrl.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomTo(zoom * 2 ** (-event.deltaY / DOUBLES), event.clientX - (element?.getBoundingClientRect().left ?? 0));
    };
    element?.addEventListener('wheel', turn, { passive: false });
    return () => element?.removeEventListener('wheel', turn);
  }, [scroller, zoom, zoomTo]);
  return {
    zoom,
    wider: () => zoomTo(zoom * STEP),
    narrower: () => zoomTo(zoom / STEP),
    fit: () => zoomTo(1),
  };
}

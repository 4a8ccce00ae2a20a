import { type PointerEvent, type RefObject, useCallback, useEffect, useLayoutEffect, useState } from 'react';
import type { Geometry } from './geometry.ts';
import { createHoverTracker, type Hover, placeOf, steady } from './hover.ts';
import type { Viewport } from './use-viewport.ts';

/** What lies under the pointer now: looked up again whenever the grid moves below it. */
export function useHover(scroller: RefObject<HTMLElement | null>, geometry: Geometry, { view, size }: Viewport) {
  const [tracker] = useState(createHoverTracker);
  const [hover, setHover] = useState<Hover | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolling and resizing move the grid
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element) setHover((before) => steady(before, tracker.settle(geometry, placeOf(element))));
  }, [tracker, scroller, geometry, view, size]);
  useEffect(() => {
    const settle = () => {
      const element = scroller.current;
      if (element) setHover((before) => steady(before, tracker.settle(geometry, placeOf(element))));
    };
    // Whatever scrolls moves the grid: the page of a narrow window too.
    const options = { capture: true, passive: true };
    window.addEventListener('scroll', settle, options);
    window.addEventListener('resize', settle, options);
    return () => {
      window.removeEventListener('scroll', settle, options);
      window.removeEventListener('resize', settle, options);
    };
  }, [tracker, scroller, geometry]);
  const follow = useCallback(
    ({ currentTarget, clientX, clientY }: PointerEvent<HTMLElement>): Hover | null => {
      const place = placeOf(currentTarget);
      // A drag that leaves the grid to the left stays in its gutter.
      const now = tracker.point(geometry, place, { x: Math.max(place.left, clientX), y: clientY });
      setHover((before) => steady(before, now));
      return now;
    },
    [tracker, geometry],
  );
  const leave = useCallback(() => {
    tracker.leave();
    setHover(null);
  }, [tracker]);
  return { hover, follow, leave };
}

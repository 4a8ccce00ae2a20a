import { type RefObject, useEffect, useLayoutEffect, useState } from 'react';

/** The scroll position and inner size of a scrolling element. */
export function useViewport(scroller: RefObject<HTMLElement | null>) {
  const [view, setView] = useState({ left: 0, top: 0 });
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const follow = () => setView({ left: element.scrollLeft, top: element.scrollTop });
    element.addEventListener('scroll', follow, { passive: true });
    return () => element.removeEventListener('scroll', follow);
  }, [scroller]);
  return { view, size };
}

import { type RefObject, useEffect, useState } from 'react';

/** What can be seen of a grid: how far it is scrolled, and how much has room. */
export interface Viewport {
  readonly view: { readonly left: number; readonly top: number };
  readonly size: { readonly width: number; readonly height: number };
}

/** The scroll position and inner size of a scrolling element; the size comes with the first layout, never by forcing one. */
export function useViewport(scroller: RefObject<HTMLElement | null>): Viewport {
  const [view, setView] = useState({ left: 0, top: 0 });
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      const box = entry?.contentRect;
      if (box) setSize({ width: Math.floor(box.width), height: Math.floor(box.height) });
    });
    observer.observe(element);
    const follow = () => setView({ left: element.scrollLeft, top: element.scrollTop });
    element.addEventListener('scroll', follow, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', follow);
    };
  }, [scroller]);
  return { view, size };
}

import { useEffect, useState } from 'react';

/** No narrower, so that names have room: what is narrower scrolls. */
const LEAST = 320;
const MOST = 1100;
/** Edges of the panel. */
const EDGES = 44;
/** Widths are taken in steps: not every pixel of a window that is being made larger is a picture of its own. */
const STEP = 20;

/** How wide a picture can be that fills an element; null until the element is there. */
export function useWidth(): readonly [ref: (element: HTMLElement | null) => void, width: number | null] {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [width, setWidth] = useState<number | null>(null);
  useEffect(() => {
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      const room = (entry?.borderBoxSize[0]?.inlineSize ?? element.clientWidth) - EDGES;
      setWidth(Math.min(MOST, Math.max(LEAST, Math.floor(room / STEP) * STEP)));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [setElement, width];
}

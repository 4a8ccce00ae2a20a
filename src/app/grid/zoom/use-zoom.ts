import { type KeyboardEvent, type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from 'react';
import type { ExpertGridProps } from '../expert-grid-props.ts';
import type { Geometry } from '../geometry.ts';
import { placeOf } from '../hover.ts';
import type { Viewport } from '../use-viewport.ts';
import { type Anchor, anchorOf, clampZoom, keepAnchor, mostZoom, wheelFactor, zoomOfKey } from './zoom.ts';

interface Options extends Pick<ExpertGridProps, 'zoom' | 'onZoom' | 'active'> {
  readonly geometry: Geometry;
  readonly scroller: RefObject<HTMLElement | null>;
  readonly size: Viewport['size'];
}

/**
 * Changes how large cells are: with Ctrl and the wheel or two fingers at the pointer, with the keys +, - and 0. Whatever
 * changes it, a cell stays where it is on screen: the pointer's, the cursor's, or the one in the middle.
 */
export function useZoom({ zoom, onZoom, active, geometry, scroller, size }: Options) {
  const { rows, columns } = geometry;
  const most = mostZoom(rows, columns, size.width, size.height);
  const anchor = useRef<Anchor | null>(null);
  const before = useRef({ geometry, zoom });
  const latest = useRef(zoom);
  latest.current = zoom;
  useEffect(() => {
    if (size.width > 0) onZoom?.(clampZoom(latest.current, most), most);
  }, [onZoom, most, size.width]);
  const zoomTo = useCallback(
    (next: number, at: Anchor | null) => {
      if (!onZoom) return;
      anchor.current = at;
      latest.current = clampZoom(next, most);
      onZoom(latest.current, most);
    },
    [onZoom, most],
  );
  useLayoutEffect(() => {
    const element = scroller.current;
    const { geometry: old, zoom: oldZoom } = before.current;
    before.current = { geometry, zoom };
    if (!element || !onZoom) return;
    if (old.cellWidth === geometry.cellWidth && old.cellHeight === geometry.cellHeight) return;
    const { width, height, scroll } = placeOf(element);
    const view = { ...scroll, width, height };
    // Where only the window changed, the first cell in sight stays.
    const usual = zoom === oldZoom ? { x: old.gutter, y: old.axis } : anchorOf(old, view, active);
    element.scrollTo(keepAnchor(old, geometry, view, anchor.current ?? usual));
    anchor.current = null;
  }, [geometry, zoom, scroller, active, onZoom]);
  useGestures(onZoom ? scroller : null, zoomTo, latest);
  const onKeyDown = (event: KeyboardEvent): boolean => {
    const next = onZoom ? zoomOfKey(event, zoom) : null;
    if (next === null) return false;
    event.preventDefault();
    zoomTo(next, null);
    return true;
  };
  return { onKeyDown };
}

/** The wheel with Ctrl or ⌘ (which is also how a pad tells of two fingers), and two fingers on a screen. */
function useGestures(
  scroller: RefObject<HTMLElement | null> | null,
  zoomTo: (zoom: number, at: Anchor) => void,
  latest: RefObject<number>,
): void {
  useEffect(() => {
    const element = scroller?.current;
    if (!element) return;
    // One finger scrolls; two are not the browser's.
    element.style.touchAction = 'pan-x pan-y';
    const here = (x: number, y: number): Anchor => {
      const { left, top } = element.getBoundingClientRect();
      return { x: x - left, y: y - top };
    };
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomTo(latest.current * wheelFactor(event), here(event.clientX, event.clientY));
    };
    let apart = 0;
    const onTouch = (event: TouchEvent) => {
      const [one, other] = event.touches;
      if (event.touches.length !== 2 || !one || !other) return;
      event.preventDefault();
      const now = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      const middle = here((one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2);
      if (event.type === 'touchmove' && apart > 0) zoomTo((latest.current * now) / apart, middle);
      apart = now;
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    element.addEventListener('touchstart', onTouch, { passive: false });
    element.addEventListener('touchmove', onTouch, { passive: false });
    return () => {
      element.removeEventListener('wheel', onWheel);
      element.removeEventListener('touchstart', onTouch);
      element.removeEventListener('touchmove', onTouch);
    };
  }, [scroller, zoomTo, latest]);
}

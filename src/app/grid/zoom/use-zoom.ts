import { type KeyboardEvent, type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from 'react';
import type { View } from '../geometry.ts';
import { placeOf } from '../hover.ts';
import { useGestures } from './use-gestures.ts';
import { type Anchor, clampZoom, zoomOfKey } from './zoom.ts';

/** What can be zoomed: a drawing in a scrolling element, whose sizes are a geometry. */
export interface Zoomed<G> {
  readonly zoom: number;
  readonly most: number;
  /** Changes the zoom, and tells the largest; absent where it cannot be changed. */
  readonly onZoom: ((zoom: number, most: number) => void) | undefined;
  readonly geometry: G;
  readonly scroller: RefObject<HTMLElement | null>;
  /** True once the scrolling element has a size. */
  readonly ready: boolean;
  /** True where everything is equally large in both. */
  readonly isSame: (one: G, other: G) => boolean;
  /** Where to scroll so that the point stays over the same thing. Without a point it says itself which one; `resized` when only the window changed. */
  readonly keep: (before: G, after: G, view: View, point: Anchor | null, resized: boolean) => Partial<Anchored>;
}

interface Anchored {
  readonly left: number;
  readonly top: number;
}

/**
 * Changes how large a drawing is: with Ctrl and the wheel or two fingers at the pointer, with the keys +, - and 0. What is
 * under the pointer stays there; without a pointer the drawing says what stays.
 */
export function useZoom<G>(zoomed: Zoomed<G>) {
  const { zoom, most, onZoom, geometry, scroller, ready } = zoomed;
  const how = useRef(zoomed);
  how.current = zoomed;
  const anchor = useRef<Anchor | null>(null);
  const before = useRef({ geometry, zoom });
  const latest = useRef(zoom);
  latest.current = zoom;
  useEffect(() => {
    if (ready) onZoom?.(clampZoom(latest.current, most), most);
  }, [onZoom, most, ready]);
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
    if (!element || !onZoom || how.current.isSame(old, geometry)) return;
    const { width, height, scroll } = placeOf(element);
    const view = { ...scroll, width, height };
    element.scrollTo(how.current.keep(old, geometry, view, anchor.current, zoom === oldZoom));
    anchor.current = null;
  }, [geometry, zoom, scroller, onZoom]);
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

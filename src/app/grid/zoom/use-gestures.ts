import { type RefObject, useEffect } from 'react';
import { type Anchor, wheelFactor } from './zoom.ts';

/** Zooms with the wheel and Ctrl or ⌘ (a touch pad reports a pinch that way too), and with two fingers on a touch screen. */
export function useGestures(
  scroller: RefObject<HTMLElement | null> | null,
  zoomTo: (zoom: number, at: Anchor) => void,
  latest: RefObject<number>,
): void {
  useEffect(() => {
    const element = scroller?.current;
    if (!element) return;
    // One finger scrolls; the browser must not take two.
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

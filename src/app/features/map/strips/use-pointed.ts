import { type PointerEvent, type RefObject, useLayoutEffect, useState } from 'react';
import type { FileStrips } from '../../../../../workers/inspect/file-strips.ts';
import type { Viewport } from '../../../grid/use-viewport.ts';
import { placeAt, type StripGeometry, type StripPlace } from './geometry.ts';

/** What lies under the pointer, and where that is from the corner of the strips. */
export interface Pointed {
  readonly place: StripPlace;
  readonly x: number;
  readonly y: number;
}

/** What lies under the pointer now: looked up again whenever the strips move below it. */
export function usePointed(
  scroller: RefObject<HTMLElement | null>,
  geometry: StripGeometry,
  strips: FileStrips,
  { view, size }: Viewport,
) {
  const [pointer, setPointer] = useState<{ readonly x: number; readonly y: number } | null>(null);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolling and resizing move the strips
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!pointer || !element) return setPointed(null);
    const box = element.getBoundingClientRect();
    const [x, y] = [pointer.x - box.left, pointer.y - box.top];
    const inside = x >= 0 && y >= 0 && x < element.clientWidth && y < element.clientHeight;
    const scroll = { left: element.scrollLeft, top: element.scrollTop };
    const place = inside ? placeAt(geometry, strips, scroll, x, y) : null;
    setPointed(place && { place, x, y });
  }, [pointer, scroller, geometry, strips, view, size]);
  const onPointerMove = ({ clientX: x, clientY: y }: PointerEvent) => setPointer({ x, y });
  const onPointerLeave = () => setPointer(null);
  return { pointed, handlers: { onPointerMove, onPointerLeave } };
}

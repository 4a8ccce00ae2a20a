import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';
import { rounded, type Spot } from '../../state/seen/place.ts';
import type { View } from '../geometry.ts';

/** A scrolling that rests this long is told. */
const REST_MS = 150;

/** A scroll position. */
interface Position {
  readonly left: number;
  readonly top: number;
}

/** A scrolling element whose place an address holds. */
export interface Placed {
  readonly scroller: RefObject<HTMLElement | null>;
  /** True once the content has the size that it will have. */
  readonly ready: boolean;
  /** The spot that is to be in sight; null for the start. */
  readonly place: Spot | null;
  /** Tells the spot that is in sight, each time it has come to rest; absent where nobody keeps it. */
  readonly onPlace: ((place: Spot | null) => void) | undefined;
  /** Names what is chosen, null for nothing; it is brought into sight when it changes. */
  readonly chosen: string | null;
  readonly showChosen: () => void;
  readonly spotOf: (view: View) => Spot;
  readonly scrollToSpot: (spot: Spot, view: View) => Position;
}

/** Keeps the place of a scrolling element and the address the same: a link opens where it was copied, or else at what is chosen. */
export function usePlace(placed: Placed): void {
  const { scroller, ready, place, chosen } = placed;
  const latest = useRef(placed);
  latest.current = placed;
  const told = useRef<string | null>(null);
  const shown = useRef<string | null>(null);
  const follow = useRef(() => {});
  const isKept = placed.onPlace !== undefined;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!ready || !isKept || !element) return;
    const wanted = nameOf(place);
    const isMoved = wanted !== told.current;
    const isChosen = chosen !== null && chosen !== shown.current;
    const isFirst = told.current === null;
    told.current = wanted;
    shown.current = chosen;
    if (isMoved && place) element.scrollTo(latest.current.scrollToSpot(place, viewOf(element)));
    else if (isMoved && !isFirst) element.scrollTo({ left: 0, top: 0 });
    if (place ? isChosen && !isMoved : isChosen || isMoved) latest.current.showChosen();
    // What a person chooses is in sight where they chose it: a link shows it there too.
    if (isChosen && !isFirst) follow.current();
  }, [scroller, ready, isKept, place, chosen]);
  useEffect(() => {
    const element = scroller.current;
    if (!element || !isKept) return;
    let timer: ReturnType<typeof setTimeout> | null = null;
    let spot: Spot | null = null;
    const tell = () => {
      timer = null;
      told.current = nameOf(spot);
      latest.current.onPlace?.(spot);
    };
    const onScroll = () => {
      if (!latest.current.ready) return;
      const view = viewOf(element);
      // An address without a place opens at what is chosen: then the start is a place like any other.
      const isStart = view.left === 0 && view.top === 0 && latest.current.chosen === null;
      const isWhole = element.scrollWidth <= element.clientWidth && element.scrollHeight <= element.clientHeight;
      spot = isStart || isWhole ? null : rounded(latest.current.spotOf(view));
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(tell, REST_MS);
    };
    follow.current = onScroll;
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      follow.current = () => {};
      element.removeEventListener('scroll', onScroll);
      if (timer === null) return;
      clearTimeout(timer);
      tell();
    };
  }, [scroller, isKept]);
}

function nameOf(spot: Spot | null): string {
  return spot === null ? 'start' : `${spot.row},${spot.column}`;
}

function viewOf({ scrollLeft: left, scrollTop: top, clientWidth: width, clientHeight: height }: HTMLElement): View {
  return { left, top, width, height };
}

import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type RefObject, useLayoutEffect, useRef, useState } from 'react';

export const ROW = 24;
export const HEAD = 28;
/** Rows that are fetched together. */
export const PAGE = 64;

/** Rows drawn beyond those in sight. Few, because each is laid out and painted again with every key of a search. */
const OVERSCAN = 3;

/** The next page is asked for when so many rows or fewer are left before it. */
const AHEAD = 16;

/** Where a key leads from a row; null for keys that do not move. */
export function target(key: string, from: number, count: number, page: number): number | null {
  const steps: Record<string, number> = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    PageDown: from + page,
    PageUp: from - page,
    Home: 0,
    End: count - 1,
  };
  const to = steps[key];
  return to === undefined || count === 0 ? null : Math.min(count - 1, Math.max(0, to));
}

/** Moves the cursor to a row and brings that into sight. */
export type Show = (row: number, align?: 'auto' | 'center') => void;

/**
 * A long list of which the rows in sight are drawn, with a cursor that keys move.
 *
 * `subject` says what is listed: with another, the list starts at its top again. `height` is a row's, in pixels. `within`
 * selects the element around the list that scrolls it; the list itself where there is none.
 */
export function useList(count: number, subject: unknown, height = ROW, within: string | null = null) {
  const scroller = useRef<HTMLDivElement>(null);
  const scrolling = () => (within === null ? scroller.current : scroller.current?.closest<HTMLElement>(within)) ?? null;
  const top = useTopIn(scroller, within);
  const shown = useRef(subject);
  const [cursor, setCursor] = useState(0);
  const rows = useVirtualizer({
    count,
    getScrollElement: scrolling,
    scrollMargin: top,
    estimateSize: () => height,
    overscan: OVERSCAN,
    paddingStart: HEAD,
    scrollPaddingStart: HEAD,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are measured again
  useLayoutEffect(() => rows.measure(), [height]);
  useLayoutEffect(() => {
    if (shown.current === subject) return;
    shown.current = subject;
    setCursor(0);
    // Scrolling makes the browser lay all out at once: not where the list stands at its top, as it does while one types.
    const { scrollElement, scrollOffset, options } = rows;
    if ((scrollOffset ?? 0) > options.scrollMargin) scrollElement?.scrollTo({ top: options.scrollMargin });
  }, [subject, rows]);
  const show: Show = (row, align = 'auto') => {
    setCursor(row);
    const outer = within === null ? null : scrolling();
    if (outer) outer.scrollTo({ top: topShowing(top + HEAD + row * height, height, outer, align) });
    else rows.scrollToIndex(row, { align });
  };
  const onMove = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return false;
    const visible = Math.max(1, Math.floor((scrolling()?.clientHeight ?? 0) / height) - 2);
    const to = target(event.key, cursor, count, visible);
    if (to === null) return false;
    event.preventDefault();
    show(to);
    return true;
  };
  const items = rows.getVirtualItems().map(({ index, start }) => ({ index, start: start - top }));
  const firstPage = Math.floor((items[0]?.index ?? 0) / PAGE);
  const nextPage = firstPage + 1;
  const nearNext = (items.at(-1)?.index ?? 0) + AHEAD >= nextPage * PAGE;
  const at = Math.min(cursor, Math.max(0, count - 1));
  return {
    scroller,
    cursor: at,
    /** The cursor's row while it is drawn: scrolled far away it is no element that could be named. */
    active: items.some(({ index }) => index === at) ? at : null,
    setCursor,
    show,
    onMove,
    items,
    firstPage,
    /** The page after it, null while the rows in sight are far from it. */
    nextPage: nearNext ? nextPage : null,
    height: rows.getTotalSize(),
  };
}

/** Where an element has to be scrolled to for a row at `at` to be in sight, below the head; it stays where it shows the row. */
function topShowing(at: number, height: number, { scrollTop, clientHeight }: HTMLElement, align: 'auto' | 'center') {
  if (align === 'center') return at - (clientHeight - height) / 2;
  return Math.max(at + height - clientHeight, Math.min(at - HEAD, scrollTop));
}

/** How far below the top of what scrolls it a list begins, in pixels, also when what is above it changes its size. */
function useTopIn(list: RefObject<HTMLElement | null>, within: string | null): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const element = list.current;
    const outer = within === null ? null : element?.closest<HTMLElement>(within);
    if (!element || !outer) {
      setTop(0);
      return;
    }
    const measure = () =>
      setTop(Math.round(element.getBoundingClientRect().top - outer.getBoundingClientRect().top + outer.scrollTop));
    const observer = new ResizeObserver(measure);
    for (const child of outer.children) observer.observe(child);
    measure();
    return () => observer.disconnect();
  }, [list, within]);
  return top;
}

import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useLayoutEffect, useRef, useState } from 'react';

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
 * `subject` says what is listed: with another, the list starts at its top again. `height` is a row's, in pixels.
 */
export function useList(count: number, subject: unknown, height = ROW) {
  const scroller = useRef<HTMLDivElement>(null);
  const shown = useRef(subject);
  const [cursor, setCursor] = useState(0);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
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
    if ((rows.scrollOffset ?? 0) > 0) scroller.current?.scrollTo({ top: 0 });
  }, [subject, rows]);
  const show: Show = (row, align = 'auto') => {
    setCursor(row);
    rows.scrollToIndex(row, { align });
  };
  const onMove = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return false;
    const visible = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / height) - 2);
    const to = target(event.key, cursor, count, visible);
    if (to === null) return false;
    event.preventDefault();
    show(to);
    return true;
  };
  const items = rows.getVirtualItems();
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

import type { KeyboardEvent, RefObject } from 'react';
import type { ExpertGridProps } from './expert-grid-props.ts';
import { type Cell, type Geometry, scrollTo } from './geometry.ts';
import { meaningOf } from './keys.ts';

interface Options extends ExpertGridProps {
  readonly geometry: Geometry;
  readonly scroller: RefObject<HTMLElement | null>;
}

/** The keys of the grid: arrows, Home, End and page keys move, Enter opens, Space chooses the layer, Esc unpins. */
export function useGridKeys({ map, active, geometry, scroller, onActive, onChoose, onOpen }: Options) {
  const last: Cell = { row: map.rows.length - 1, column: Math.max(0, map.columns - 1) };
  const onKeyDown = (event: KeyboardEvent) => {
    const meaning = meaningOf(event, active, last, geometry.beside);
    if (!meaning) return;
    if (meaning.kind !== 'leave') event.preventDefault();
    if (meaning.kind === 'move') {
      if (meaning.chosen) onChoose(meaning.chosen, 'add');
      onActive(meaning.to, false);
      showCell(scroller.current, geometry, meaning.to);
    } else if (meaning.kind === 'open') {
      onActive(meaning.cell, true);
      onOpen();
    } else if (meaning.kind === 'choose') onChoose([meaning.cell.row], 'toggle');
    else onActive(null, false);
  };
  return { onKeyDown, onFocus: () => active && showCell(scroller.current, geometry, active) };
}

/** Scrolls a grid no more than is needed to show a cell whole. */
export function showCell(element: HTMLElement | null, geometry: Geometry, cell: Cell): void {
  if (!element) return;
  const from = { left: element.scrollLeft, top: element.scrollTop };
  element.scrollTo(scrollTo(geometry, cell, from, { width: element.clientWidth, height: element.clientHeight }));
}

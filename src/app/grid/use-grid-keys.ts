import type { KeyboardEvent, RefObject } from 'react';
import type { MapGridProps } from './expert-grid-props.ts';
import { type Cell, type Geometry, scrollTo } from './geometry.ts';

const PAGE_ROWS = 10;

interface Options extends MapGridProps {
  readonly geometry: Geometry;
  readonly scroller: RefObject<HTMLElement | null>;
}

/** Where a key leads from a cell; null for keys that do not move. */
export function moved(key: string, from: Cell, last: Cell, control: boolean): Cell | null {
  const { row, column } = from;
  const at = (nextRow: number, nextColumn: number): Cell => ({
    row: Math.min(last.row, Math.max(0, nextRow)),
    column: Math.min(last.column, Math.max(0, nextColumn)),
  });
  switch (key) {
    case 'ArrowUp':
      return at(row - 1, column);
    case 'ArrowDown':
      return at(row + 1, column);
    case 'ArrowLeft':
      return at(row, column - 1);
    case 'ArrowRight':
      return at(row, column + 1);
    case 'Home':
      return at(control ? 0 : row, 0);
    case 'End':
      return at(control ? last.row : row, last.column);
    case 'PageUp':
      return at(row - PAGE_ROWS, column);
    case 'PageDown':
      return at(row + PAGE_ROWS, column);
    default:
      return null;
  }
}

/** The keys of the grid: arrows, Home, End and page keys move, Enter opens, Space chooses the layer, Esc lets go. */
export function useGridKeys({ map, active, geometry, scroller, onActive, onChoose, onOpen }: Options) {
  const last: Cell = { row: map.rows.length - 1, column: Math.max(0, map.columns - 1) };
  const show = (cell: Cell) => {
    const element = scroller.current;
    if (!element) return;
    const from = { left: element.scrollLeft, top: element.scrollTop };
    element.scrollTo(scrollTo(geometry, cell, from, { width: element.clientWidth, height: element.clientHeight }));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || last.row < 0) return;
    const next = moved(event.key, active ?? { row: -1, column: 0 }, last, event.ctrlKey || event.metaKey);
    if (next) {
      event.preventDefault();
      const target = active ? next : { row: 0, column: 0 };
      if (event.shiftKey && target.row !== active?.row) onChoose([active?.row ?? 0, target.row], 'add');
      onActive(target, false);
      show(target);
    } else if (event.key === 'Enter' && active) {
      event.preventDefault();
      onActive(active, true);
      onOpen();
    } else if (event.key === ' ' && active) {
      event.preventDefault();
      onChoose([active.row], 'toggle');
    } else if (event.key === 'Escape') onActive(null, false);
  };
  return { onKeyDown, onFocus: () => active && show(active) };
}

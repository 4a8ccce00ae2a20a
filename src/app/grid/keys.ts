import type { Cell } from './geometry.ts';

const PAGE_ROWS = 10;

/** A key with what was held beside it. */
export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** What a key means on a grid: `move` with the rows that Shift chose on the way, null for none. */
export type KeyMeaning =
  | { readonly kind: 'move'; readonly to: Cell; readonly chosen: readonly [number, number] | null }
  | { readonly kind: 'open' | 'choose'; readonly cell: Cell }
  | { readonly kind: 'leave' };

/** Where a key leads from a cell, with so many columns beside the experts; null for keys that do not move. */
export function moved(key: string, from: Cell, last: Cell, control: boolean, beside = 0): Cell | null {
  const { row } = from;
  // Column -1 is the layer's number, where no key leads to.
  const column = from.column < 0 ? from.column + 1 : from.column;
  const at = (nextRow: number, nextColumn: number): Cell => {
    const next = Math.min(last.column, Math.max(0 - beside, nextColumn));
    return { row: Math.min(last.row, Math.max(0, nextRow)), column: next < 0 ? next - 1 : next };
  };
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

/** Arrows, Home, End and page keys move, from no cell to the first; Enter opens, Space chooses, Esc leaves; null for all else. */
export function meaningOf(press: KeyPress, active: Cell | null, last: Cell, beside = 0): KeyMeaning | null {
  const { key, shiftKey, ctrlKey, metaKey, altKey } = press;
  if (altKey || last.row < 0) return null;
  const next = moved(key, active ?? { row: 0, column: 0 }, last, ctrlKey || metaKey, beside);
  if (next) {
    const to = active ? next : { row: 0, column: 0 };
    const chosen = shiftKey && to.row !== active?.row ? ([active?.row ?? 0, to.row] as const) : null;
    return { kind: 'move', to, chosen };
  }
  if (key === 'Escape') return { kind: 'leave' };
  if (!active) return null;
  if (key === 'Enter') return { kind: 'open', cell: active };
  return key === ' ' ? { kind: 'choose', cell: active } : null;
}

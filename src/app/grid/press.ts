import type { Cell } from './geometry.ts';

/** Pixels a press may wander and still be a click. */
export const CLICK_SLACK = 5;

/** How chosen rows change what is chosen. */
export type How = 'set' | 'toggle' | 'add';

/** A pointer that was pressed on a grid and is not released yet. */
export interface Press {
  readonly cell: Cell;
  readonly x: number;
  readonly y: number;
  readonly how: How;
  /** True as soon as it chooses layers instead of pinning a cell. */
  readonly choosing: boolean;
  /** The row that it has reached. */
  readonly to: number;
}

/** What a person meant by a press. */
export type Meaning =
  | { readonly kind: 'pin'; readonly cell: Cell }
  | { readonly kind: 'choose'; readonly rows: readonly number[]; readonly how: How };

/** A place on the grid: its cell, and how far from the grid's corner. */
interface At {
  readonly cell: Cell;
  readonly x: number;
  readonly y: number;
}

interface Modifiers {
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
}

/** Begins a press: on a layer's number or with a modifier key it chooses layers; Shift chooses from the active row on. */
export function beginPress({ cell, x, y }: At, keys: Modifiers, active: Cell | null): Press {
  const how = keys.ctrlKey || keys.metaKey ? 'toggle' : keys.shiftKey ? 'add' : 'set';
  const from = how === 'add' && active ? { ...cell, row: active.row } : cell;
  return { cell: from, x, y, how, choosing: cell.column === -1 || how !== 'set', to: cell.row };
}

/** Moves a press: one that wanders chooses the layers that it crosses. */
export function movePress(press: Press, at: At): Press {
  const far = Math.hypot(at.x - press.x, at.y - press.y) > CLICK_SLACK;
  if (!far && !press.choosing) return press;
  if (!far && press.to === at.cell.row) return press;
  return { ...press, choosing: true, to: at.cell.row };
}

/** Ends a press: a click pins its cell, or adds or takes away the layer whose number it hit; a drag replaces what was chosen. */
export function endPress({ cell, how, choosing, to }: Press): Meaning {
  if (!choosing) return { kind: 'pin', cell };
  const onNumber = how === 'set' && cell.column === -1 && cell.row === to;
  return { kind: 'choose', rows: rowsBetween(cell.row, to), how: onNumber ? 'toggle' : how };
}

/** Rows from one to another, both included, upwards. */
export function rowsBetween(from: number, to: number): number[] {
  const first = Math.min(from, to);
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, at) => first + at);
}

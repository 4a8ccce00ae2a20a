import { create } from 'zustand';
import type { Cell } from '../../grid/geometry.ts';

/** The cell of the map under the pointer: apart from the view, which is not drawn again for it. */
export const usePointed = create<{ readonly cell: Cell | null }>()(() => ({ cell: null }));

/** Says what is under the pointer. */
export function point(cell: Cell | null): void {
  usePointed.setState({ cell });
}

import type { ReactNode } from 'react';
import type { ExpertMap } from '../../../core/index.ts';
import type { Cell } from './geometry.ts';
import type { CellPicture } from './use-map-values.ts';

/** What the grid shows, and what it tells. */
export interface MapGridProps {
  readonly map: ExpertMap;
  /** Null when cells show something else than numbers. */
  readonly values: CellPicture | null;
  readonly zoom: number;
  readonly active: Cell | null;
  readonly chosen: ReadonlySet<number>;
  /** Moves the cursor; `pinned` when a person clicked or pressed Enter there. */
  readonly onActive: (cell: Cell | null, pinned: boolean) => void;
  readonly onChoose: (rows: readonly number[], how: 'set' | 'toggle' | 'add') => void;
  readonly onOpen: () => void;
  /** Which of several grids on a page it is: a word for its name and ids. */
  readonly side?: string;
  /** The cell that another grid's pointer means here. */
  readonly ghost?: Cell | null;
  readonly onHover?: (cell: Cell | null) => void;
  /** What a tooltip says of a cell, in place of the tensors of the open checkpoint. */
  readonly about?: (cell: Cell) => ReactNode;
}

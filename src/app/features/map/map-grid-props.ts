import type { ExpertMap } from '../../../core/index.ts';
import type { Cell } from './geometry.ts';

/** What the grid shows, and what it tells. */
export interface MapGridProps {
  readonly map: ExpertMap;
  readonly zoom: number;
  readonly active: Cell | null;
  readonly chosen: ReadonlySet<number>;
  /** Moves the cursor; `pinned` when a person clicked or pressed Enter there. */
  readonly onActive: (cell: Cell | null, pinned: boolean) => void;
  readonly onChoose: (rows: readonly number[], how: 'set' | 'toggle' | 'add') => void;
  readonly onOpen: () => void;
}

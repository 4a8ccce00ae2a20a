import type { ExpertMap } from '../../../core/index.ts';
import type { Cell } from './geometry.ts';
import type { MapValues } from './use-map-values.ts';

/** What the grid shows, and what it tells. */
export interface MapGridProps {
  readonly map: ExpertMap;
  /** Null when cells show something else than numbers. */
  readonly values: MapValues | null;
  readonly zoom: number;
  readonly active: Cell | null;
  readonly chosen: ReadonlySet<number>;
  /** Moves the cursor; `pinned` when a person clicked or pressed Enter there. */
  readonly onActive: (cell: Cell | null, pinned: boolean) => void;
  readonly onChoose: (rows: readonly number[], how: 'set' | 'toggle' | 'add') => void;
  readonly onOpen: () => void;
}

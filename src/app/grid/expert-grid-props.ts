import type { ReactNode } from 'react';
import type { ExpertMap } from '../../core/index.ts';
import type { Spot } from '../state/seen/place.ts';
import type { Cell, Geometry } from './geometry.ts';
import type { How } from './press.ts';

/** What cells show: one thing at a time. */
export interface CellPicture {
  /** RGBA pixels, one a cell and `lanes` of them below each other; clear where the ground below shall be seen. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** Pixels of a cell; one when left out. */
  readonly lanes?: number;
  /** Where cells have room, their matrices are drawn: in the colours of gate, up and down, or of their files. */
  readonly bands?: 'roles' | 'files';
  /** Cells with a finding; null where cells show no numbers. Then, what is clear is not measured. */
  readonly marks: ReadonlySet<number> | null;
  /** What the picture says of a cell; null where the cell's own facts say it all. */
  readonly words: ((cell: Cell) => string) | null;
}

/** What a grid of layers by experts shows, and what it tells. */
export interface ExpertGridProps {
  readonly map: ExpertMap;
  readonly picture: CellPicture;
  /** True where router, shared experts and attention have columns of their own. */
  readonly beside?: boolean;
  /** How many times as large cells are as when the grid fits. */
  readonly zoom: number;
  /** Changes the zoom, and tells the largest; absent where cells cannot be made larger. */
  readonly onZoom?: (zoom: number, most: number) => void;
  /** The spot in the middle of the view; null for the start. */
  readonly place?: Spot | null;
  /** Tells the spot when scrolling has come to rest; absent where nobody keeps it. */
  readonly onPlace?: (place: Spot | null) => void;
  readonly active: Cell | null;
  readonly chosen: ReadonlySet<number>;
  /** Moves the cursor; `pinned` when a person clicked or pressed Enter there. */
  readonly onActive: (cell: Cell | null, pinned: boolean) => void;
  readonly onChoose: (rows: readonly number[], how: How) => void;
  readonly onOpen: () => void;
  /** Which of several grids on a page it is: a word for its name and ids. */
  readonly side?: string;
  /** The cell that another grid's pointer means here. */
  readonly ghost?: Cell | null;
  readonly onHover?: (cell: Cell | null) => void;
  /** Takes part in scrolling several grids in step, while it is shown with this geometry; gives back how to leave. */
  readonly inStep?: (scroller: HTMLElement, geometry: Geometry) => () => void;
  /** What a tooltip says of a cell. */
  readonly about: (cell: Cell) => ReactNode;
}

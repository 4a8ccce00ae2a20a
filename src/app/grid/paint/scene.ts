import type { ExpertMap } from '../../../core/index.ts';
import type { Cell, Geometry, View } from '../geometry.ts';
import type { Inks } from './inks.ts';

/** What a painting of layers by experts needs: values alone. */
export interface Scene {
  readonly map: ExpertMap;
  /** The cells as `lanes` pixels each, below each other. */
  readonly layer: CanvasImageSource;
  readonly lanes: number;
  /** How matrices are coloured where cells have room for them; null where cells have one colour at every size. */
  readonly bands: 'roles' | 'files' | null;
  /** Cells with a finding; null where cells show no numbers. Then, what is not in the layer is not measured. */
  readonly marks: ReadonlySet<number> | null;
  readonly geometry: Geometry;
  readonly inks: Inks;
  /** What fills cells of which nothing is known yet. */
  readonly hatch: CanvasPattern | string;
  readonly view: View;
  readonly chosen: ReadonlySet<number>;
  readonly active: Cell | null;
  readonly hover: Cell | null;
}

import type { ExpertMap } from '../../../core/index.ts';
import type { Cell, Geometry, View } from '../geometry.ts';
import type { Inks } from './inks.ts';

/** What a painting of layers by experts needs: values alone. */
export interface Scene {
  readonly map: ExpertMap;
  /** The cells as one pixel each. */
  readonly layer: CanvasImageSource;
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

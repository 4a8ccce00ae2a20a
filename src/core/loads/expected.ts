import { type DialectSpec, orientationOf } from '../layouts/dialects.ts';
import { joinName } from '../layouts/scan.ts';
import type { StoredProjection } from '../layouts/types.ts';
import type { Shape } from '../safetensors/types.ts';
import type { SparseLayer } from './sparse-layers.ts';

/** Names of expert tensors that a model has, with their shapes; null where a size is not known. */
export type Expected = Map<string, Shape | null>;

export interface Form {
  readonly spec: DialectSpec;
  /** Segment between the layer and its experts. */
  readonly container: string;
  readonly gated: boolean;
  readonly biased: boolean;
  /** Rows of the joined tensor for experts without weights. */
  readonly empty: number;
}

/** Adds a layer's tensors to what is expected. `prefix` ends before the container: `model.layers.0`. */
export function expectLayer(expected: Expected, prefix: string, layer: SparseLayer, form: Form): void {
  const at = joinName(prefix, form.container);
  for (const [projection, stem] of stemsOf(form)) {
    const base = joinName(at, stem);
    const { style } = form.spec;
    const weight = style === 'dot' ? '.weight' : style === 'suffix' ? '_weight' : '';
    addTensors(expected, base + weight, weightShape(projection, layer, form), layer);
    if (form.biased) addTensors(expected, `${base}${style === 'dot' ? '.bias' : '_bias'}`, null, layer);
  }
}

/** Non-gated experts hold a lone `up_proj` where others hold gate and up in one. */
function stemsOf({ spec, gated }: Form): readonly (readonly [StoredProjection, string])[] {
  const { gate, up, down, 'gate-up': joined } = spec.stems;
  const lone = joined?.replace('gate_up_proj', 'up_proj');
  const pairs: readonly (readonly [StoredProjection, string | undefined])[] = gated
    ? [
        ['gate', gate],
        ['up', up],
        ['gate-up', joined],
        ['down', down],
      ]
    : [
        ['up', up ?? lone],
        ['down', down],
      ];
  return pairs.flatMap(([projection, stem]) => (stem === undefined ? [] : [[projection, stem] as const]));
}

function addTensors(expected: Expected, name: string, shape: Shape | null, { experts }: SparseLayer): void {
  if (!name.includes('{i}')) expected.set(name, shape);
  else
    for (let expert = 0; expert < (experts ?? 0); expert += 1) expected.set(name.replace('{i}', String(expert)), shape);
}

function weightShape(projection: StoredProjection, layer: SparseLayer, { spec, empty }: Form): Shape | null {
  const { experts, intermediate, hidden } = layer;
  if (experts === null || intermediate === null || hidden === null) return null;
  const rows = projection === 'down' ? hidden : projection === 'gate-up' ? 2 * intermediate : intermediate;
  const columns = projection === 'down' ? intermediate : hidden;
  const inner = orientationOf(spec, projection) === 'in-out' ? [columns, rows] : [rows, columns];
  if (spec.family === 'per-expert') return inner;
  const [first = 0, second = 0] = inner;
  if (spec.family === 'flat') return [experts * first, second];
  return [projection === 'gate-up' ? experts + empty : experts, first, second];
}

import type { Architecture } from './architecture-row.ts';
import { dialectOf } from './dialects.ts';

export type Entry = readonly [name: string, shape: readonly number[], dtype?: string];

/** Headers of one layer with three experts in a row's own spelling. */
export function syntheticHeaders(row: Architecture, at: number, intermediate: number, hidden: number): Entry[] {
  const layout = row.disk[at];
  const spec = dialectOf(layout ?? null);
  if (!spec) throw new Error('no dialect');
  const start = row.prefixes[0]?.[0].replace('layers.', '') ?? 'model.';
  const prefix = `${start}layers.0${row.container === '' ? '' : `.${row.container}`}`;
  return Object.entries(spec.stems).flatMap(([projection, stem]): Entry[] => {
    if (!row.gated && projection === 'gate') return [];
    const [out, input] =
      projection === 'down'
        ? [hidden, intermediate]
        : [projection === 'gate-up' ? 2 * intermediate : intermediate, hidden];
    if (spec.dialect === 'gpt-oss-mxfp4')
      return [
        [`${prefix}.${stem}_blocks`, [3, out, 1, 16], 'U8'],
        [`${prefix}.${stem}_scales`, [3, out, 1], 'U8'],
      ];
    const way = projection === 'down' ? (spec.downOrientation ?? spec.orientation) : spec.orientation;
    const inner = way === 'out-in' ? [out, input] : [input, out];
    const end = { dot: '.weight', suffix: '_weight', underscore: '' }[spec.style];
    if (spec.family === 'per-expert')
      return [0, 1, 2].map((i): Entry => [`${prefix}.${stem.replace('{i}', String(i))}${end}`, inner]);
    return [
      [`${prefix}.${stem}${end}`, spec.family === 'flat' ? [3 * (inner[0] ?? 0), ...inner.slice(1)] : [3, ...inner]],
    ];
  });
}

/** A config that says no more than the model type and that there are three experts. */
export function syntheticConfig(row: Architecture, modelType: string): Record<string, unknown> {
  const [key = ''] = row.experts;
  const count = key.split('.').reduceRight<unknown>((value, part) => ({ [part]: value }), 3);
  return { model_type: modelType, ...(count as Record<string, unknown>) };
}

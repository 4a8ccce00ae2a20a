import { combineStatistics, type MatrixStatistics } from '../../../../core/index.ts';

type Combined = ReturnType<typeof combineStatistics>;

/** How the values of a statistic are mapped to colours. */
export type Scale = 'log' | 'signed' | 'share' | 'count';

interface Statistic {
  readonly name: string;
  /** The meaning of the statistic. */
  readonly about: string;
  readonly scale: Scale;
  readonly of: (statistics: Combined) => number;
}

/** Statistics that the map can show; their ids are used in the address. */
export const STATISTICS = {
  rms: { name: 'RMS', about: 'root mean square', scale: 'log', of: ({ rms }) => rms },
  'max-abs': {
    name: 'Largest',
    about: 'largest absolute value, without NaN and infinity',
    scale: 'log',
    of: ({ maxAbs }) => maxAbs,
  },
  mean: { name: 'Mean', about: 'mean, without NaN and infinity', scale: 'signed', of: ({ mean }) => mean },
  zeros: {
    name: 'Zeros',
    about: 'share of values that are zero',
    scale: 'share',
    of: ({ zeros, count }) => zeros / Math.max(1, count),
  },
  'not-finite': {
    name: 'NaN, Inf',
    about: 'number of values that are NaN or infinite',
    scale: 'count',
    of: ({ nan, infinite }) => nan + infinite,
  },
} as const satisfies Readonly<Record<string, Statistic>>;

export type StatisticId = keyof typeof STATISTICS;
export const STATISTIC_IDS = Object.keys(STATISTICS) as readonly StatisticId[];

export const PROJECTIONS = ['gate', 'up', 'down'] as const;
export type ProjectionId = (typeof PROJECTIONS)[number];

export function isStatistic(text: string | null): text is StatisticId {
  return text !== null && Object.hasOwn(STATISTICS, text);
}

export function isProjection(text: string | null): text is ProjectionId {
  return PROJECTIONS.some((known) => known === text);
}

/** What was measured of a layer: matrices of an expert from `expert × 3`, in the order of {@link PROJECTIONS}. */
export type Layer = readonly (MatrixStatistics | undefined)[];

/** What was measured, by the prefixes of layers. */
export type Measured = ReadonlyMap<string, Layer>;

/** Adds matrices. Only the lists of their layers are copied. */
export function withMatrices(measured: Measured, matrices: readonly MatrixStatistics[]): Measured {
  const fresh = new Map<string, (MatrixStatistics | undefined)[]>();
  for (const matrix of matrices) {
    const layer = fresh.get(matrix.prefix) ?? [...(measured.get(matrix.prefix) ?? [])];
    layer[matrix.expert * PROJECTIONS.length + PROJECTIONS.indexOf(matrix.projection as ProjectionId)] = matrix;
    fresh.set(matrix.prefix, layer);
  }
  return new Map([...measured, ...fresh]);
}

/** The matrices of an expert that are measured; of one projection, or of all. */
export function matricesOf(
  measured: Measured,
  prefix: string,
  expert: number,
  projection: ProjectionId | null,
): MatrixStatistics[] {
  const layer = measured.get(prefix);
  if (!layer) return [];
  const first = expert * PROJECTIONS.length;
  const places = projection === null ? PROJECTIONS.keys() : [PROJECTIONS.indexOf(projection)];
  return [...places].flatMap((place) => layer[first + place] ?? []);
}

/** An expert's statistics, of one projection or of all its matrices together; null when not measured. */
export function statisticsAt(
  measured: Measured,
  prefix: string,
  expert: number,
  projection: ProjectionId | null,
): Combined | null {
  const matrices = matricesOf(measured, prefix, expert, projection);
  const [only] = matrices;
  if (!only) return null;
  return matrices.length === 1 ? only : combineStatistics(matrices);
}

/** Every matrix that was measured, layer by layer, expert by expert. */
export function allMatrices(measured: Measured): MatrixStatistics[] {
  return [...measured.values()]
    .map((layer) => layer.filter((matrix) => matrix !== undefined))
    .sort((a, b) => (a[0]?.layer ?? 0) - (b[0]?.layer ?? 0))
    .flat();
}

/** A value for display: three digits, with a power of ten if that is shorter. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (value === 0 || !Number.isFinite(value)) return String(value);
  if (size >= 1e5 || size < 1e-3)
    return value.toExponential(2).replace('e+', 'e').replace('-', '−').replace('e-', 'e−');
  return String(Number(value.toPrecision(3))).replace('-', '−');
}

/** A statistic's value with its unit. */
export function formatStatistic(id: StatisticId, value: number): string {
  const { scale } = STATISTICS[id];
  if (scale === 'count') return String(value);
  return scale === 'share' ? `${Number((100 * value).toPrecision(3))} %` : formatNumber(value);
}

import type { Projection } from '../layouts/types.ts';
import { plural } from '../units.ts';
import type { MatrixStatistics } from './types.ts';

/** What values can show, with the rule. */
export const VALUE_FINDINGS = {
  'not-finite': 'A matrix holds NaN or infinities.',
  'dead-expert': 'Every number of every matrix of an expert is zero.',
  'dead-matrix': 'Every number of a matrix is zero, and the expert has other matrices that are not.',
  'twin-experts': 'Two or more experts have the same bytes in all their matrices.',
  'twin-matrices': 'Two or more experts have the same bytes in one matrix, but not in all of them.',
  'outlier-expert':
    'The RMS or the largest size of a matrix is different from the median of its layer by more than a factor of two and by more than six robust standard deviations (1.4826 × the median distance from the median, in logarithms); layers of eight experts and more.',
} as const;

export type ValueFindingTag = keyof typeof VALUE_FINDINGS;

export interface ExpertPlace {
  readonly prefix: string;
  readonly layer: number | null;
  readonly expert: number;
}

export interface ValueFinding {
  readonly tag: ValueFindingTag;
  readonly message: string;
  readonly experts: readonly ExpertPlace[];
  /** Null when the whole expert is meant. */
  readonly projection: Projection | null;
}

/** Fewer experts say too little about what is usual. */
const LEAST_EXPERTS = 8;
const LEAST_FACTOR = 2;
const DEVIATIONS = 6;
/** Median distance from the median → standard deviation, of normally distributed numbers. */
const ROBUST = 1.4826;

/** Everything remarkable in a set of statistics, in whatever order they come; in the order of the table above. Pure. */
export function findInValues(measured: readonly MatrixStatistics[]): ValueFinding[] {
  const matrices = [...measured].sort(byPlace);
  const found = [...notFinite(matrices), ...dead(matrices), ...twins(matrices), ...outliers(matrices)];
  const order = Object.keys(VALUE_FINDINGS);
  return found.sort((a, b) => order.indexOf(a.tag) - order.indexOf(b.tag));
}

const PROJECTION_ORDER: readonly Projection[] = ['gate', 'up', 'down'];

function byPlace(a: MatrixStatistics, b: MatrixStatistics): number {
  const layers = (a.layer ?? -1) - (b.layer ?? -1);
  const prefixes = a.prefix < b.prefix ? -1 : Number(a.prefix > b.prefix);
  const projections = PROJECTION_ORDER.indexOf(a.projection) - PROJECTION_ORDER.indexOf(b.projection);
  return layers || prefixes || a.expert - b.expert || projections;
}

const placeOf = ({ prefix, layer, expert }: ExpertPlace): ExpertPlace => ({ prefix, layer, expert });
const nameOf = ({ prefix, expert }: ExpertPlace) => `expert ${expert} of ${prefix}`;
/** A sentence that names more is not read; all stand in the finding's `experts`. */
const NAMED = 8;

function namesOf(experts: readonly ExpertPlace[]): string {
  const more = experts.length - NAMED;
  return [...experts.slice(0, NAMED).map(nameOf), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

const keyOf = ({ prefix, expert }: ExpertPlace) => `${prefix} ${expert}`;

function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item)) ?? [];
    groups.set(key(item), group);
    group.push(item);
  }
  return [...groups.values()];
}

function notFinite(matrices: readonly MatrixStatistics[]): ValueFinding[] {
  return matrices
    .filter(({ nan, infinite }) => nan + infinite > 0)
    .map((matrix) => ({
      tag: 'not-finite',
      message: `The ${matrix.projection} matrix of ${nameOf(matrix)} holds ${oddOf(matrix)}.`,
      experts: [placeOf(matrix)],
      projection: matrix.projection,
    }));
}

function oddOf({ nan, infinite }: MatrixStatistics): string {
  const counts = [
    ...(nan > 0 ? [plural(nan, 'NaN', 'NaN')] : []),
    ...(infinite > 0 ? [plural(infinite, 'infinity', 'infinities')] : []),
  ];
  return counts.join(' and ');
}

const isDead = ({ zeros, count }: MatrixStatistics) => count > 0 && zeros === count;

function dead(matrices: readonly MatrixStatistics[]): ValueFinding[] {
  return groupBy(matrices, keyOf).flatMap((expert): ValueFinding[] => {
    const [first] = expert;
    const all = expert.filter(isDead);
    if (!first || all.length === 0) return [];
    if (all.length === expert.length) {
      const message = `All matrices of ${nameOf(first)} are zero.`;
      return [{ tag: 'dead-expert', message, experts: [placeOf(first)], projection: null }];
    }
    return all.map((matrix) => ({
      tag: 'dead-matrix',
      message: `The ${matrix.projection} matrix of ${nameOf(matrix)} is zero.`,
      experts: [placeOf(matrix)],
      projection: matrix.projection,
    }));
  });
}

function twins(matrices: readonly MatrixStatistics[]): ValueFinding[] {
  const alive = matrices.filter((matrix) => !isDead(matrix));
  const whole = groupBy(groupBy(alive, keyOf), (expert) => expert.map(({ identity }) => identity).join())
    .filter((same) => same.length > 1)
    .map((same) => same.flatMap(([first]) => (first ? [placeOf(first)] : [])));
  const known = new Set(whole.map((experts) => experts.map(keyOf).join()));
  const single = groupBy(alive, ({ identity }) => identity)
    .filter((same) => same.length > 1 && !known.has(same.map(keyOf).join()))
    .map((same): ValueFinding => {
      const projection = same[0]?.projection ?? null;
      const experts = same.map(placeOf);
      const message = `The ${projection} matrices of ${namesOf(experts)} are equal.`;
      return { tag: 'twin-matrices', message, experts, projection };
    });
  return [
    ...whole.map((experts): ValueFinding => {
      const message = `Equal in every matrix: ${namesOf(experts)}.`;
      return { tag: 'twin-experts', message, experts, projection: null };
    }),
    ...single,
  ];
}

function outliers(matrices: readonly MatrixStatistics[]): ValueFinding[] {
  const layers = groupBy(matrices, ({ prefix, projection }) => `${prefix} ${projection}`);
  return layers.flatMap((layer) =>
    (['rms', 'maxAbs'] as const).flatMap((field) => outliersOf(layer, field)).filter(onePerMatrix()),
  );
}

/** An expert that stands out by both measures is named once. */
function onePerMatrix(): (finding: ValueFinding) => boolean {
  const seen = new Set<string>();
  return ({ experts: [expert] }) => {
    const key = expert ? keyOf(expert) : '';
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  };
}

function outliersOf(layer: readonly MatrixStatistics[], field: 'rms' | 'maxAbs'): ValueFinding[] {
  const alive = layer.filter((matrix) => matrix[field] > 0);
  if (alive.length < LEAST_EXPERTS) return [];
  const logs = alive.map((matrix) => Math.log2(matrix[field]));
  const middle = median(logs);
  const spread = ROBUST * median(logs.map((log) => Math.abs(log - middle)));
  const bound = Math.max(Math.log2(LEAST_FACTOR), DEVIATIONS * spread);
  return alive
    .filter((_, i) => Math.abs((logs[i] ?? 0) - middle) > bound)
    .map((matrix) => ({
      tag: 'outlier-expert',
      message: describeOutlier(matrix, field, 2 ** middle),
      experts: [placeOf(matrix)],
      projection: matrix.projection,
    }));
}

function describeOutlier(matrix: MatrixStatistics, field: 'rms' | 'maxAbs', usual: number): string {
  const what = field === 'rms' ? 'RMS' : 'largest size';
  const [value, times] = [matrix[field], matrix[field] / usual];
  const compared = times > 1 ? `${times.toPrecision(3)} times` : `1/${(1 / times).toPrecision(3)} of`;
  return `The ${matrix.projection} matrix of ${nameOf(matrix)} has ${field === 'rms' ? 'an' : 'a'} ${what} of ${value.toPrecision(3)}, ${compared} its layer's median ${usual.toPrecision(3)}.`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? 0;
  return Number.isInteger(half) ? ((sorted[half - 1] ?? 0) + upper) / 2 : upper;
}

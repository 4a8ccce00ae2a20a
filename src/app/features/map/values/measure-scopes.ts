import { chosenExperts, type ExpertMap, plural, type StatisticsScope } from '../../../../core/index.ts';
import { formatLayers } from '../../../state/number-runs.ts';
import { type Measured, matricesOf } from './statistics.ts';

type Row = ExpertMap['rows'][number];

/** A sample measures one of so many experts. */
const SAMPLE_EVERY = 100;

/** One choice of what to measure. */
export interface MeasureScope {
  readonly id: 'expert' | 'layer' | 'sample' | 'all';
  readonly label: string;
  /** What it measures: `Layer 3, expert 7`. */
  readonly words: string;
  readonly scope: StatisticsScope;
}

/** What the reader looks at. */
interface Sight {
  /** Numbers of the layers that were chosen; empty for all. */
  readonly chosen: readonly number[];
  readonly layer: number | null;
  readonly expert: number | null;
}

/** What can be measured: the choices, the narrowest first; none where everything wanted is measured. */
export interface Measurable {
  readonly scopes: readonly MeasureScope[];
  /** What is wanted, in words. */
  readonly words: string;
  readonly wanted: number;
}

/** The choices for the rows that have experts; `whole` has the prefixes of the layers that are measured completely. */
export function measurable(rows: readonly Row[], sight: Sight, whole: ReadonlySet<string>): Measurable {
  const { chosen } = sight;
  const withExperts = rows.filter(({ experts, kind }) => experts !== null && kind !== 'dense');
  const wanted = withExperts.filter(({ index }) => chosen.length === 0 || (index !== null && chosen.includes(index)));
  const left = wanted.filter(({ prefix }) => !whole.has(prefix));
  const isAll = left.length === withExperts.length;
  const numbers = [...new Set(left.flatMap(({ index }) => index ?? []))];
  if (left.length === 0) return { scopes: [], words: plural(wanted.length, 'layer'), wanted: wanted.length };
  const words = wordsOf(isAll ? null : numbers, left.length);
  const scope: StatisticsScope = isAll ? {} : { layers: numbers };
  const label = chosen.length > 0 ? 'Chosen layers' : 'All layers';
  const all: MeasureScope = { id: 'all', label, words, scope };
  return { scopes: [...narrower(left, numbers, scope, sight), all], words, wanted: wanted.length };
}

function narrower(
  left: readonly Row[],
  numbers: readonly number[],
  scope: StatisticsScope,
  sight: Sight,
): MeasureScope[] {
  const experts = left.reduce((sum, row) => sum + (row.experts ?? 0), 0);
  const isPinned = sight.layer !== null && numbers.includes(sight.layer);
  const layer = isPinned ? sight.layer : (numbers[0] ?? null);
  const row = left.find(({ index }) => index === layer);
  const found: MeasureScope[] = [];
  if (layer !== null && row && experts > 1) {
    const expert = isPinned && sight.expert !== null && sight.expert < (row.experts ?? 0) ? sight.expert : null;
    found.push({
      id: 'expert',
      label: expert === null ? 'One expert' : 'This expert',
      words: `Layer ${layer}, expert ${expert ?? 0}`,
      scope: { layers: [layer], experts: [expert ?? 0] },
    });
  }
  if (layer !== null && numbers.length > 1)
    found.push({
      id: 'layer',
      label: isPinned ? 'This layer' : 'One layer',
      words: `Layer ${layer}`,
      scope: { layers: [layer] },
    });
  if (experts > SAMPLE_EVERY)
    found.push({
      id: 'sample',
      label: 'Sample of 1 %',
      words: `Every ${SAMPLE_EVERY}th expert`,
      scope: { ...scope, every: SAMPLE_EVERY },
    });
  return found;
}

function wordsOf(layers: readonly number[] | null, count: number): string {
  if (layers === null) return count === 1 ? 'The layer with experts' : `All ${count} layers with experts`;
  if (layers.length === 0) return plural(count, 'layer');
  const text = formatLayers(layers).replaceAll(',', ', ').replaceAll('-', '–');
  return `${layers.length === 1 ? 'Layer' : 'Layers'} ${text}`;
}

/** How many matrices of a scope are measured. */
export function countMeasured(rows: readonly Row[], measured: Measured, scope: StatisticsScope): number {
  const { layers } = scope;
  const inScope = rows.filter(
    ({ kind, index }) => kind !== 'dense' && (layers === undefined || (index !== null && layers.includes(index))),
  );
  const counts = inScope.map(({ experts }) => experts ?? 0);
  const chosen = chosenExperts(counts, scope);
  return inScope.reduce((sum, { prefix }, at) => {
    const experts = chosen[at] ?? Array.from({ length: counts[at] ?? 0 }, (_, expert) => expert);
    return [...experts].reduce((so, expert) => so + matricesOf(measured, prefix, expert, null).length, sum);
  }, 0);
}

/** The choice that is offered: the wanted one, else everything where that is little, else the narrowest with something left. */
export function offeredScope<T extends { readonly id: MeasureScope['id']; readonly isMeasured: boolean }>(
  scopes: readonly T[],
  wanted: MeasureScope['id'] | null,
  isMuch: boolean,
): T | undefined {
  const named = scopes.find(({ id }) => id === wanted);
  if (named) return named;
  return (isMuch && scopes.find(({ isMeasured }) => !isMeasured)) || scopes.at(-1);
}

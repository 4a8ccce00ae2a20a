import { refusalOf } from './placement.ts';
import type { DegreeName, ModelFacts, PlacementOptions, PlacingProgram } from './types.ts';

/** Sizes that would be taken instead of those that were asked for; all others stay. */
export type NearSizes = Readonly<Partial<Record<'ep' | DegreeName, number>>>;

/** Sizes of groups that clusters come in, beside those that divide the experts. */
const USUAL = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];
const MOST_RANKS = 256;

/**
 * The set-ups nearest to one that a program refuses, which it would take: one size changed, or two where one is not enough.
 *
 * Nearest first, by the factors that sizes change by; at most `count`. Empty where nothing near works.
 */
export function nearSizes(
  program: PlacingProgram,
  options: PlacementOptions,
  facts: ModelFacts,
  count = 4,
): readonly NearSizes[] {
  const names = ['ep', ...(Object.keys(program.placement.inputs) as DegreeName[])] as const;
  const values = candidates(facts);
  const works = (sizes: NearSizes) => refusalOf(program, { ...options, ...sizes }, facts) === null;
  const singles = names.flatMap((name) =>
    values.filter((value) => value !== options[name]).map((value): NearSizes => ({ [name]: value })),
  );
  const nearest = (all: readonly NearSizes[]) => [...all].sort((a, b) => distance(options, a) - distance(options, b));
  const found = nearest(singles).filter(works).slice(0, count);
  if (found.length > 0) return found;
  const pairs = names.flatMap((first, at) =>
    names
      .slice(at + 1)
      .flatMap((second) => values.flatMap((a) => values.map((b): NearSizes => ({ [first]: a, [second]: b })))),
  );
  const near: NearSizes[] = [];
  for (const pair of nearest(pairs)) {
    if (near.length === count || distance(options, pair) > 6) break;
    if (works(pair)) near.push(pair);
  }
  return near;
}

function candidates({ moeLayers }: ModelFacts): number[] {
  const experts = moeLayers[0]?.experts ?? 1;
  const divisors = Array.from({ length: Math.min(experts, MOST_RANKS) }, (_, at) => at + 1).filter(
    (size) => experts % size === 0,
  );
  return [...new Set([...USUAL, ...divisors])].sort((a, b) => a - b);
}

/** How often sizes double or halve, in all; one more for each that is not expert parallelism, which moves least. */
function distance(options: PlacementOptions, sizes: NearSizes): number {
  return Object.entries(sizes).reduce(
    (sum, [name, size]) =>
      sum + Math.abs(Math.log2(size / (options[name as keyof NearSizes] ?? 1))) + (name === 'ep' ? 0 : 1),
    0,
  );
}

import * as v from 'valibot';
import { atMost, type Reading } from '../row.ts';
import { measured, parseLine } from './strict.ts';

const Line = v.strictObject({
  bench: v.literal('growth'),
  quick: v.boolean(),
  runs: measured,
  sample_ms: measured,
  limit: measured,
  last_limit: measured,
  rows: v.array(
    v.strictObject({
      work: v.string(),
      axis: v.string(),
      sizes: v.array(measured),
      ms: v.array(measured),
      exponent: measured,
      last_exponent: measured,
      above: v.boolean(),
    }),
  ),
});

/** `bench/growth.ts`: exponents beside 1, that of work that grows as its input does; the last step where it is steeper than it may be. */
export function readGrowthBench(line: string): Reading[] {
  const { rows, limit, last_limit } = parseLine(Line, line);
  const row = (name: string, value: number, most: number): Reading => ({
    ...{ name, value, unit: '', goal: atMost(most) },
    floor: { what: 'linear', value: 1 },
  });
  return rows.flatMap(({ work, axis, sizes, exponent, last_exponent }) => {
    const name = `exponent: ${work}, ${axis} ${sizes[0]}–${sizes.at(-1)}`;
    const last = `exponent: ${work}, ${axis} ${sizes.at(-2)}–${sizes.at(-1)}`;
    const steep = last_exponent > last_limit ? [row(last, last_exponent, last_limit)] : [];
    return [row(name, exponent, limit), ...steep];
  });
}

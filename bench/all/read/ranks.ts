import * as v from 'valibot';
import { atMost, type Reading } from '../row.ts';
import { measured, parseLine } from './strict.ts';

const Painted = v.strictObject({
  switches: measured,
  painted_p50_ms: measured,
  painted_p95_ms: measured,
  files_painted_p50_ms: measured,
  files_painted_p95_ms: measured,
});
const Clicks = v.strictObject({ first: Painted, first_at_once: Painted, again: Painted });
const Layout = v.strictObject({
  tensors: measured,
  checkpoint_and_model_ms: measured,
  switch_ms: measured,
  switch_first_ms: measured,
  every_ranks_ranges_ms: measured,
});
const Line = v.strictObject({
  bench: v.literal('ranks'),
  processors: measured,
  load_before: measured,
  layers: measured,
  experts: measured,
  ranks: measured,
  runs: measured,
  goal_ms: measured,
  click_to_paint: v.optional(Clicks),
  click_to_paint_at_60_hz: v.optional(Clicks),
  per_expert: Layout,
  stacked: Layout,
});

/** `bench/ranks.ts`: switching expert parallelism, by computation and, where a browser ran, from click to paint. */
export function readRanksBench(line: string): Reading[] {
  const { goal_ms, click_to_paint, per_expert, stacked } = parseLine(Line, line);
  const computed = (name: string, value: number): Reading => ({ name: `switch EP, ${name}`, value, unit: 'ms' });
  const rows = [computed('per-expert', per_expert.switch_ms), computed('stacked', stacked.switch_ms)];
  if (!click_to_paint) return rows;
  const { painted_p95_ms } = click_to_paint.first;
  return [...rows, { ...computed('click to paint, p95', painted_p95_ms), goal: atMost(goal_ms) }];
}

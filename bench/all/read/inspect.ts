import * as v from 'valibot';
import { type Reading, ratioAtLeast } from '../row.ts';
import { measured, parseLine } from './strict.ts';

const library = { exchanges: measured, bytes: measured, seconds: measured };
const Line = v.strictObject({
  bench: v.literal('inspect'),
  repo: v.string(),
  runs: measured,
  results: v.array(
    v.strictObject({
      latency_ms: measured,
      ours: v.strictObject({ ...library, first_map_seconds: measured }),
      library: v.strictObject(library),
      ratio: measured,
    }),
  ),
});
/** The wait that the goal is for. */
const GOAL_MS = 50;

/** `bench/inspect.ts`: opening Qwen3-235B beside @huggingface/hub; the ratio is how many times as fast. */
export function readInspectBench(line: string): Reading[] {
  return parseLine(Line, line).results.map(({ latency_ms, ours, library, ratio }) => ({
    ...{ name: `open 235B, ${latency_ms} ms a request`, value: ours.seconds, unit: 's', ratio },
    floor: { what: 's, @huggingface/hub', value: library.seconds },
    goal: latency_ms === GOAL_MS ? ratioAtLeast(5) : undefined,
  }));
}

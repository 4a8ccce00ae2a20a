import * as v from 'valibot';
import { atMost, type Reading } from '../row.ts';
import { shortNumber } from '../table.ts';
import { measured, parseLine } from './strict.ts';

const Geometry = v.strictObject({
  tensors: measured,
  all_files_ms: measured,
  layer_p50_ms: measured,
  layer_p95_ms: measured,
  drawn_p50_ms: measured,
  drawn_p95_ms: measured,
  model_reads_ms: measured,
});
const Frames = v.strictObject({ p50_ms: measured, p95_ms: measured, most_ms: measured });
const Strips = v.strictObject({
  first_layer_ms: measured,
  first_strip_ms: measured,
  down: Frames,
  along: Frames,
  zoom: Frames,
});
const three = <T extends v.GenericSchema>(each: T) =>
  v.strictObject({ per_expert: each, stacked: each, half_a_million: each });
const Line = v.strictObject({
  bench: v.literal('drawings'),
  load_before: measured,
  two: v.strictObject({
    flow_p50_ms: measured,
    flow_p95_ms: measured,
    pair_p50_ms: measured,
    pair_p95_ms: measured,
    pair_picture_p50_ms: measured,
  }),
  geometry: three(Geometry),
  strips: three(Strips),
});

/** `bench/drawings.ts`: milliseconds of a layer's geometry (p95 of all layers), which nothing simpler bounds. */
export function readDrawingsBench(line: string): Reading[] {
  const { two, geometry } = parseLine(Line, line);
  const row = (name: string, value: number): Reading => ({
    ...{ name: `geometry of ${name}, p95`, value, unit: 'ms', goal: atMost(5) },
  });
  return [
    ...Object.values(geometry).flatMap(({ tensors, layer_p95_ms, drawn_p95_ms }): Reading[] => {
      const of = `a layer, model of ${shortNumber(tensors)} tensors`;
      return [
        row(of, layer_p95_ms),
        { name: `${of}: drawn with texts and reads, p95`, value: drawn_p95_ms, unit: 'ms' },
      ];
    }),
    row("a layer's flow", two.flow_p95_ms),
    row('a pair of layers', two.pair_p95_ms),
  ];
}

import * as v from 'valibot';
import { atMost, type Reading, ratioAtLeast } from '../row.ts';
import { measured, parseLine, spread } from './strict.ts';

const Place = v.strictObject({
  cp_sync_seconds: spread,
  seconds: spread,
  writing_seconds: spread,
  read_back_seconds: spread,
  cp_over_writing: spread,
  cp_over_all: spread,
  over_idle_mib: spread,
  read_bytes: measured,
  written_bytes: measured,
});
const Line = v.strictObject({
  bench: v.literal('convert'),
  shape: v.string(),
  to: v.string(),
  bytes: measured,
  pairs: measured,
  cp_sync_seconds: spread,
  node: v.optional(Place),
  chromium: v.optional(Place),
  numpy_seconds: v.optional(v.nullable(measured)),
  without: v.optional(
    v.strictObject({ cp_sync_seconds: measured, read_back: measured, read_back_and_flush: measured }),
  ),
  chromium_alone: v.optional(v.strictObject({ reading_seconds: measured, writing_seconds: measured })),
});

/** `bench/convert.ts`, one shape: seconds beside `cp` and `sync` of the same bytes, and the most memory above idle. */
export function readConvertBench(line: string): Reading[] {
  const { shape, bytes, node, chromium } = parseLine(Line, line);
  const of = `${shape} (${(bytes / 1e9).toFixed(1)} GB)`;
  const floorOf = ({ cp_sync_seconds: [value] }: v.InferOutput<typeof Place>) => ({ what: 's, cp and sync', value });
  const rows = (place: string, found: v.InferOutput<typeof Place>): Reading[] => [
    {
      ...{ name: `${place}, ${of}: writing`, value: found.writing_seconds[0], unit: 's', floor: floorOf(found) },
      ...{ ratio: found.cp_over_writing[0], goal: ratioAtLeast(0.8) },
    },
    {
      ...{ name: `${place}, ${of}: with reading back`, value: found.seconds[0], unit: 's', floor: floorOf(found) },
      ratio: found.cp_over_all[0],
    },
    { name: `${place}, ${of}: memory above idle`, value: found.over_idle_mib[2], unit: 'MiB', goal: atMost(300) },
  ];
  return [...(node ? rows('Node', node) : []), ...(chromium ? rows('Chromium', chromium) : [])];
}

import * as v from 'valibot';
import { atMost, type Reading } from '../row.ts';
import { measured, parseLine } from './strict.ts';

const Place = v.strictObject({
  seconds: measured,
  gb_per_second: measured,
  over_idle_mib: measured,
  bytes_needed: measured,
  bytes_read: measured,
  read_over_needed: measured,
  header_bytes: measured,
  cdn_requests: measured,
  refused_by_quota: measured,
  resets: measured,
  tokens_leaked: v.literal(0),
  equal: v.literal(true),
});
const Line = v.strictObject({
  bench: v.literal('hub-convert'),
  repo: v.string(),
  layers: v.string(),
  chromium_to_opfs: Place,
  node_to_folder: Place,
});

/** `bench/hub-convert.ts`: bytes that a conversion from a Hub reads beside those that it needs, and the most memory above idle. */
export function readHubConvertBench(line: string): Reading[] {
  const { layers, chromium_to_opfs, node_to_folder } = parseLine(Line, line);
  const rows = (place: string, found: v.InferOutput<typeof Place>): Reading[] => [
    {
      ...{ name: `${place}, 235B from a Hub, layers ${layers}: read`, value: found.bytes_read / 1e9, unit: 'GB' },
      ...{ floor: { what: 'GB needed', value: found.bytes_needed / 1e9 }, ratio: found.read_over_needed },
    },
    {
      ...{ name: `${place}, 235B from a Hub: memory above idle`, value: found.over_idle_mib, unit: 'MiB' },
      goal: atMost(300),
    },
  ];
  return [...rows('Node', node_to_folder), ...rows('Chromium', chromium_to_opfs)];
}

import * as v from 'valibot';
import { type Reading, ratioAtLeast, valueAtLeast } from '../row.ts';
import { measured, parseLine } from './strict.ts';

const Place = v.strictObject({
  plain_mb_per_second: measured,
  mb_per_second: measured,
  wire_seconds: measured,
  seconds: measured,
  bytes_read: measured,
  bytes_needed: measured,
  equal: v.literal(true),
});
const Rate = v.strictObject({
  link_mb_per_second: measured,
  load_before: measured,
  node_to_folder: Place,
  chromium_to_opfs: Place,
});
const Line = v.strictObject({
  bench: v.literal('hub-link'),
  quick: v.boolean(),
  round_trip_ms: measured,
  ranges_at_once: measured,
  one_gbps: Rate,
  ten_gbps: Rate,
});

/** What of a line has to be kept busy. */
const SHARE = 0.9;

/**
 * `bench/hub-link.ts`: the share of a line that a conversion from a Hub keeps busy. Where a plain download does not fill the
 * line either, its share decides: the row says so.
 */
export function readHubLinkBench(line: string): Reading[] {
  const { one_gbps, ten_gbps } = parseLine(Line, line);
  const row = (place: string, gbps: number, link: number, found: v.InferOutput<typeof Place>): Reading => {
    const plain = found.plain_mb_per_second / link;
    const fills = plain >= SHARE;
    return {
      name: `${place}, Hub over ${gbps} Gb/s: share of the line`,
      ...{ value: found.mb_per_second / link, unit: '' },
      floor: { what: fills ? 'plain download' : 'plain download, does not fill it', value: plain },
      goal: fills ? valueAtLeast(SHARE) : ratioAtLeast(SHARE),
    };
  };
  return [[1, one_gbps] as const, [10, ten_gbps] as const].flatMap(
    ([gbps, { link_mb_per_second: link, node_to_folder, chromium_to_opfs }]) => [
      row('Node', gbps, link, node_to_folder),
      row('Chromium', gbps, link, chromium_to_opfs),
    ],
  );
}

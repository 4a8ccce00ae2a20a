import * as v from 'valibot';
import type { Reading } from '../row.ts';
import { shortNumber } from '../table.ts';
import { measured, parseLine } from './strict.ts';

const Size = v.strictObject({ tensors: measured, detect_ms: measured, json_parse_ms: measured, ratio: measured });
const Line = v.strictObject({
  bench: v.literal('detect'),
  runs: measured,
  small: Size,
  large: Size,
  time_per_tensor_large_over_small: measured,
});

/** `bench/detect.ts`: layout detection beside `JSON.parse` of the same names. */
export function readDetectBench(line: string): Reading[] {
  const { small, large } = parseLine(Line, line);
  return [small, large].map(({ tensors, detect_ms, json_parse_ms }) => ({
    ...{ name: `layout of ${shortNumber(tensors)} tensors`, value: detect_ms, unit: 'ms' },
    floor: { what: 'JSON.parse of the names', value: json_parse_ms },
  }));
}

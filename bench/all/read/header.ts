import * as v from 'valibot';
import type { Reading } from '../row.ts';
import { shortNumber } from '../table.ts';
import { measured, parseLine } from './strict.ts';

const Timing = v.strictObject({
  bytes: measured,
  tensors: measured,
  strict_ms: measured,
  json_parse_ms: measured,
  ratio: measured,
});
const Line = v.strictObject({ bench: v.literal('header'), runs: measured, model: Timing, fixture: Timing });

/** `bench/header.ts`: the strict parse beside `JSON.parse` of the same bytes. */
export function readHeaderBench(line: string): Reading[] {
  const { model, fixture } = parseLine(Line, line);
  const row = (name: string, { strict_ms, json_parse_ms }: v.InferOutput<typeof Timing>): Reading => ({
    ...{ name, value: strict_ms, unit: 'ms' },
    floor: { what: 'JSON.parse', value: json_parse_ms },
  });
  return [
    row(`header of ${shortNumber(model.tensors)} tensors, expert names`, model),
    row(`header of ${shortNumber(fixture.tensors)} tensors, fixture`, fixture),
  ];
}

import * as v from 'valibot';
import { atMost, type Reading } from '../row.ts';
import { measured, parseLine } from './strict.ts';

const Keys = v.strictObject({
  keys: measured,
  answered_p50_ms: measured,
  answered_p95_ms: measured,
  painted_p50_ms: measured,
  painted_p95_ms: measured,
});
const Giant = v.strictObject({
  tensors: measured,
  first_map_seconds: measured,
  headers_seconds: measured,
  index_seconds: measured,
  tensors_view_seconds: measured,
  keystroke_painted_p95_ms: measured,
  worker_heap_mb: measured,
  idle_mb: measured,
  opened_mb: measured,
  opening_most_mb: measured,
  all_most_mb: measured,
});
const Line = v.strictObject({
  bench: v.literal('ui'),
  processors: measured,
  load_before: measured,
  idle_frame_ms: measured,
  idle_frame_at_60_hz_ms: measured,
  first_paint: v.strictObject({ slowed: measured, p50_ms: measured, most_ms: measured }),
  longest_task_while_opening: v.strictObject({ clock_ms: measured, processor_ms: measured }),
  map_pan: v.strictObject({ frames: measured, p50_ms: measured, p95_ms: measured, most_ms: measured }),
  keystroke: Keys,
  keystroke_at_60_hz: Keys,
  half_a_million: v.nullable(Giant),
});

/** `bench/ui.ts`: keystrokes, frames, the longest task and memory in a browser, beside frames in which nothing happens. */
export function readUiBench(line: string): Reading[] {
  const ui = parseLine(Line, line);
  const ms = (name: string, value: number, more: Partial<Reading> = {}): Reading => ({
    name,
    value,
    unit: 'ms',
    ...more,
  });
  const unthrottled = { what: 'idle frame, as fast as drawn', value: ui.idle_frame_ms };
  const at60 = { what: 'idle frame, 60 Hz', value: ui.idle_frame_at_60_hz_ms };
  const { clock_ms, processor_ms } = ui.longest_task_while_opening;
  const key = (names: string) => `keystroke to paint, p95, ${names} names`;
  const giant = ui.half_a_million;
  return [
    ms(key('36,945'), ui.keystroke.painted_p95_ms, { floor: unthrottled, goal: atMost(16.7) }),
    ms(`${key('36,945')}, screen of 60 Hz`, ui.keystroke_at_60_hz.painted_p95_ms, { floor: at60 }),
    ms(`first paint, processor slowed ${ui.first_paint.slowed} ×`, ui.first_paint.p50_ms, { goal: atMost(1000) }),
    ms('longest task while 235B opens', clock_ms, { floor: at60, goal: atMost(50) }),
    ms('its processor time', processor_ms),
    ms('frame of a moving map, p95', ui.map_pan.p95_ms, { floor: at60 }),
    ...(giant
      ? [
          ms(`${key('499,320')}, screen of 60 Hz`, giant.keystroke_painted_p95_ms, { floor: at60, goal: atMost(33) }),
          {
            ...{ name: 'renderer, 499,320 names, most', value: giant.all_most_mb, unit: 'MB', goal: atMost(400) },
            floor: { what: 'MB, idle page', value: giant.idle_mb },
          },
        ]
      : []),
  ];
}

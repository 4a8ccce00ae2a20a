import * as v from 'valibot';
import { type Reading, ratioAtLeast } from '../row.ts';
import { measured, parseLine } from './strict.ts';

const Line = v.strictObject({
  bench: v.literal('kernels'),
  adapter: v.string(),
  mebibytes: measured,
  rounds: measured,
  repeats: measured,
  timestamps: v.boolean(),
  kernels: v.record(
    v.string(),
    v.strictObject({
      gbs: measured,
      copy_gbs: measured,
      share: measured,
      shares: v.tuple([measured, measured]),
      equal: v.literal(true),
    }),
  ),
  upload_gbs: measured,
  readback_gbs: measured,
  memory_copy_gbs: measured,
  code_points_equal: v.nullable(v.literal(true)),
  auto: v.nullable(
    v.array(v.strictObject({ op: v.string(), on: v.string(), cpu_gbs: measured, webgpu_gbs: measured })),
  ),
});

/** Shares of a copying shader that kernels are to reach, by the first word of their names. */
const GOALS: Readonly<Record<string, number>> = {
  ...{ gather: 0.95, transpose: 0.9 },
  ...{ dequantise: 0.85, cast: 0.85, statistics: 0.85, difference: 0.85 },
};

/** `bench/kernels.ts`: gigabytes a second beside those of a copying shader. @throws Error for a kernel without a goal. */
export function readKernelsBench(line: string): Reading[] {
  return Object.entries(parseLine(Line, line).kernels).map(([name, { gbs, copy_gbs, share }]) => {
    const limit = GOALS[name.split(' ')[0] ?? ''];
    if (limit === undefined) throw new Error(`no goal is known for the kernel ${name}`);
    const floor = { what: 'GB/s, copying shader', value: copy_gbs };
    return { name, value: gbs, unit: 'GB/s', floor, ratio: share, goal: ratioAtLeast(limit) };
  });
}

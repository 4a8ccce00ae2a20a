import { words32 } from '../word-views.ts';
import { chunksOf, RECORD, type StatisticsSpec } from './cpu.ts';

/**
 * What a run of numbers looks like.
 *
 * `maxAbs` is the largest finite size, exact; counts are exact. `mean` and `rms` are over the numbers that are finite and
 * below 2^57. Against exact arithmetic, `rms` is off by at most 2^-19 of itself, `mean` by at most 2^-19 × `rms`, both
 * besides 2^-48: 19 f32 additions lie between a number and its chunk's sum (3 in its group, 8 in its lane, 8 across
 * lanes), and numbers below 2^-48 count as 0.
 */
export interface Statistics {
  readonly count: number;
  readonly maxAbs: number;
  readonly mean: number;
  readonly rms: number;
  readonly zeros: number;
  readonly nan: number;
  readonly infinite: number;
  /** Finite numbers from 2^57 on. */
  readonly huge: number;
}

/** The error of `mean` and `rms`, as a share of `rms`, besides {@link ABSOLUTE_BOUND}. */
export const RELATIVE_BOUND = 2 ** -19;
export const ABSOLUTE_BOUND = 2 ** -48;

/** One set of statistics a segment from the kernel's records, chunks added in order in f64. */
export function summarise(spec: StatisticsSpec, output: Uint8Array): Statistics[] {
  const records = words32(output);
  const length = chunksOf(spec.count) * RECORD;
  return Array.from({ length: spec.segments }, (_, segment) =>
    summariseRecords(spec.count, records.subarray(segment * length, (segment + 1) * length)),
  );
}

/** The statistics of `count` numbers from their records, which may come from several runs of the kernel. */
export function summariseRecords(count: number, records: Uint32Array): Statistics {
  const floats = new Float32Array(records.buffer, records.byteOffset, records.length);
  const total = [0, 0, 0, 0, 0, 0, 0];
  for (let at = 0; at < records.length; at += RECORD) {
    for (const [field, before] of total.entries()) {
      const value = (field < 3 ? floats[at + field] : records[at + field]) ?? 0;
      total[field] = field === 2 ? Math.max(before, value) : before + value;
    }
  }
  const [sum = 0, squares = 0, maxAbs = 0, zeros = 0, nan = 0, infinite = 0, huge = 0] = total;
  const taken = count - nan - infinite - huge;
  const [mean, rms] = taken === 0 ? [0, 0] : [sum / taken, Math.sqrt(squares / taken)];
  return { count, maxAbs, mean, rms, zeros, nan, infinite, huge };
}

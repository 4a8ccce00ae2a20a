import { words32 } from '../word-views.ts';
import { CHUNK, NONE, RECORD } from './cpu.ts';

/** How two runs of numbers differ. */
export interface Difference {
  /** Numbers of which a bit differs. */
  readonly count: number;
  /** Index of the first, null when there is none. */
  readonly first: number | null;
  /** Largest |a − b| where neither is NaN, rounded to f32; within 2^-99 for sizes below 2^-100, infinite from 2^127 on. */
  readonly maxAbs: number;
  /** Largest distance in numbers of the format, where neither is NaN. */
  readonly maxUlp: number;
  /** Differing pairs with a NaN in them. */
  readonly nan: number;
}

/** One answer from the kernel's records. */
export function summariseDifference(output: Uint8Array): Difference {
  const records = words32(output).slice();
  const floats = new Float32Array(records.buffer);
  const total = { count: 0, first: null as number | null, maxAbs: 0, maxUlp: 0, nan: 0 };
  for (let at = 0; at < records.length; at += RECORD) {
    total.count += records[at] ?? 0;
    const first = records[at + 1] ?? NONE;
    if (total.first === null && first !== NONE) total.first = (at / RECORD) * CHUNK + first;
    total.maxAbs = Math.max(total.maxAbs, floats[at + 2] ?? 0);
    total.maxUlp = Math.max(total.maxUlp, records[at + 3] ?? 0);
    total.nan += records[at + 4] ?? 0;
  }
  return total;
}

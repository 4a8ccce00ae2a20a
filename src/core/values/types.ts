import type { Statistics } from '../kernels/statistics/summary.ts';
import type { Projection } from '../layouts/types.ts';

/** The statistics of one matrix of one expert; those of quantised weights are of the numbers that they stand for, as bf16. */
export interface MatrixStatistics extends Statistics {
  readonly prefix: string;
  readonly layer: number | null;
  readonly expert: number;
  readonly projection: Projection;
  /** As stored. */
  readonly dtype: string;
  readonly rows: number;
  readonly columns: number;
  /** Equal for matrices of equal shape, projection, dtype and bytes. */
  readonly identity: string;
}

import type { Statistics } from '../kernels/statistics/summary.ts';
import type { Projection } from '../layouts/types.ts';

/** The statistics of one matrix of one expert; those of quantised weights are of the numbers that they represent, as bf16. */
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

/** How many numbers lie from `from` (included) to `to` (excluded; included in the last, and where both are one value). */
export interface HistogramBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** What all numbers of a tensor look like, as they are stored; of complex ones, their real and imaginary parts. */
export interface TensorHistogram {
  /** Numbers counted. */
  readonly count: number;
  readonly zeros: number;
  readonly nan: number;
  readonly positiveInfinite: number;
  readonly negativeInfinite: number;
  /** Of the finite ones, exact; null when there are none. */
  readonly min: number | bigint | null;
  readonly max: number | bigint | null;
  /** Of the finite ones, in double precision; null when there are none. */
  readonly mean: number | null;
  readonly rms: number | null;
  /** Different codes that occur; null in formats above 16 bits. */
  readonly distinct: number | null;
  /** The finite ones, ascending. Each value has its own bin where there are at most 64; else bins are equally wide. */
  readonly bins: readonly HistogramBin[];
  /** False where numbers were cut to bf16's eight bits before they were put into bins: formats above 16 bits. */
  readonly exact: boolean;
  /** Bytes that were read. */
  readonly bytes: number;
}

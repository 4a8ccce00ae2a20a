import type { Emitted } from '../embed/emitted.ts';
import { tsvText } from '../embed/tsv.ts';
import type { MatrixStatistics } from './types.ts';

const COLUMNS = [
  'prefix',
  'layer',
  'expert',
  'projection',
  'dtype',
  'rows',
  'columns',
  'count',
  'maxAbs',
  'mean',
  'rms',
  'zeros',
  'nan',
  'infinite',
  'huge',
] as const satisfies readonly (keyof MatrixStatistics)[];

/** A line a matrix, numbers with all their digits; the first line names the columns. */
export function statisticsTsv(matrices: readonly MatrixStatistics[]): Emitted<'tsv'> {
  return tsvText([COLUMNS, ...matrices.map((matrix) => COLUMNS.map((column) => matrix[column]))]);
}

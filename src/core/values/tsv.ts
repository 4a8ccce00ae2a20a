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
export function statisticsTsv(matrices: readonly MatrixStatistics[]): string {
  const cell = (value: string | number | null) => String(value ?? '').replaceAll(/[\t\r\n]/g, ' ');
  const lines = matrices.map((matrix) => COLUMNS.map((column) => cell(matrix[column])).join('\t'));
  return `${[COLUMNS.join('\t'), ...lines].join('\n')}\n`;
}

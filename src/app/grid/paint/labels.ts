/** Least steps between the numbers of rows, and of columns. */
const ROW_STEPS = [1, 2, 5, 10, 20, 50, 100] as const;
const COLUMN_STEPS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

/** Pixels that a number needs: in height beside rows, in width above columns. */
export const ROW_LABEL = 13;
export const COLUMN_LABEL = 28;
/** Pixels that a marked number keeps free to both sides of its middle. */
const COLUMN_CLEAR = 24;

/** Every how many rows one has its number, so that numbers do not touch. */
export function rowStep(cellHeight: number): number {
  return ROW_STEPS.find((step) => step * cellHeight >= ROW_LABEL) ?? 100;
}

/** Every how many columns one has its number, so that numbers do not touch. */
export function columnStep(cellWidth: number): number {
  return COLUMN_STEPS.find((step) => step * cellWidth >= COLUMN_LABEL) ?? 256;
}

/** True when the number of a row that is not marked would touch the number of one that is. */
export function isCrowded(row: number, marked: readonly (number | undefined)[], cellHeight: number): boolean {
  return marked.some((other) => other !== undefined && Math.abs(row - other) * cellHeight < ROW_LABEL);
}

/** Columns whose numbers are drawn: every so many, and the marked one, which pushes away what would touch it. */
export function columnLabels(columns: number, cellWidth: number, marked: number | null): number[] {
  const step = columnStep(cellWidth);
  const touches = (column: number) => marked !== null && Math.abs(column - marked) * cellWidth < COLUMN_CLEAR;
  const regular = Array.from({ length: Math.ceil(columns / step) }, (_, at) => at * step);
  const drawn = regular.filter((column) => !touches(column));
  return marked === null ? drawn : [...drawn, marked];
}

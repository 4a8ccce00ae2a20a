import { CELL, type ExpertMap } from '../../../core/index.ts';

/** Experts of one layer that are not whole, one after another. */
export interface MissingRun {
  readonly row: number;
  readonly first: number;
  readonly last: number;
}

/** Where experts are missing or not whole, in the order of the map. */
export function missingRuns({
  rows,
  columns,
  state,
}: Pick<ExpertMap, 'rows' | 'columns' | 'state'>): readonly MissingRun[] {
  return rows.flatMap(({ experts }, row) => {
    const runs: { row: number; first: number; last: number }[] = [];
    for (let column = 0; column < Math.min(experts ?? 0, columns); column++) {
      if (state[row * columns + column] !== CELL.defect) continue;
      const run = runs.at(-1);
      if (run && run.last === column - 1) run.last = column;
      else runs.push({ row, first: column, last: column });
    }
    return runs;
  });
}

/** Rows from `start` up to, not including, `end`. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** Neighbouring rows from `first` to `last` that fit, joined. */
export function runsOf<T>(rows: readonly T[], first: number, last: number, fits: (row: T) => boolean): Run[] {
  const runs: Run[] = [];
  let start = -1;
  for (let row = first; row <= last + 1; row += 1) {
    const facts = row <= last ? rows[row] : undefined;
    if (facts !== undefined && fits(facts)) {
      if (start === -1) start = row;
    } else if (start !== -1) {
      runs.push({ start, end: row });
      start = -1;
    }
  }
  return runs;
}

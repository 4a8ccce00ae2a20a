/** What integer codes are turned into numbers with. Indices count rows from 0, and groups of inputs. */
export interface IntegerCodes {
  readonly rows: number;
  readonly columns: number;
  code(row: number, column: number): number;
  /** The group of a column; by its order where a tensor says it. */
  group(column: number): number;
  zero(row: number, group: number): number;
  scale(row: number, group: number): number;
}

/** (code − zero) × scale, rounded to F32 once. */
export function fromIntegers({ rows, columns, code, group, zero, scale }: IntegerCodes): Float32Array {
  const output = new Float32Array(rows * columns);
  const groups = Int32Array.from({ length: columns }, (_, column) => group(column));
  for (let row = 0; row < rows; row += 1) {
    let [known, minus, factor] = [-1, 0, 0];
    for (let column = 0; column < columns; column += 1) {
      const of = groups[column] as number;
      if (of !== known) [known, minus, factor] = [of, zero(row, of), scale(row, of)];
      output[row * columns + column] = (code(row, column) - minus) * factor;
    }
  }
  return output;
}

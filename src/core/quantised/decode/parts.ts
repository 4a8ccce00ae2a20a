import { LoomError } from '../../errors.ts';
import type { PackedForm, Role, StoredMatrix, StoredPart } from '../types.ts';

/** A part that the form has. @throws LoomError `internal`. */
export function partOf(stored: StoredMatrix, role: Role): StoredPart {
  const part = stored.part(role);
  if (!part) throw new LoomError('internal', `A quantised matrix was decoded without its part "${role}".`);
  return part;
}

/** What the codes of E2M1 (OCP MX 1.0) represent. */
export const E2M1 = Float64Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6);

/** Rows and columns of a form that has them. @throws LoomError `internal`. */
export function sizesOf({ rows, columns }: PackedForm): readonly [rows: number, columns: number] {
  if (rows === null || columns === null)
    throw new LoomError('internal', 'A quantised matrix was decoded without rows and columns.');
  return [rows, columns];
}

/**
 * Codes of one byte, or of half a byte with the lower half first, each times the factor of its block: one rounding to F32
 * each. `factors` has a row for each row of blocks.
 */
export function timesFactors(
  form: PackedForm,
  codes: Uint8Array,
  values: Float64Array,
  factors: ArrayLike<number>,
): Float32Array {
  const [rows, columns] = sizesOf(form);
  const [down, across] = form.block ?? [rows, columns];
  const perRow = Math.ceil(columns / across);
  const output = new Float32Array(rows * columns);
  const half = form.bits === 4;
  let at = 0;
  for (let row = 0; row < rows; row += 1) {
    const first = Math.floor(row / down) * perRow;
    for (let block = 0; block < perRow; block += 1) {
      const factor = factors[first + block] as number;
      const end = row * columns + Math.min(columns, (block + 1) * across);
      for (; at < end; at += 1) {
        const code = half ? ((codes[at >> 1] as number) >> (4 * (at & 1))) & 15 : (codes[at] as number);
        output[at] = (values[code] as number) * factor;
      }
    }
  }
  return output;
}

import { type Emitted, emit } from './emitted.ts';
import { visible } from './visible.ts';

export type TsvCell = string | number | null | undefined;

/** What a spreadsheet reads as the start of a formula, in full width too, or of a quoted cell. */
const ACTED_ON = /^[\s]*[=+\-@"\uff1d\uff0b\uff0d\uff20]/;

/**
 * Tab-separated lines, with an end. A text stays one cell on one line; one that a spreadsheet would compute gets an
 * apostrophe before it, as spreadsheets mark text. Numbers stand as they are.
 */
export function tsvText(rows: readonly (readonly TsvCell[])[]): Emitted<'tsv'> {
  return emit(rows.map((row) => `${row.map(tsvCell).join('\t')}\n`).join(''));
}

export function tsvCell(value: TsvCell): Emitted<'tsv'> {
  if (typeof value !== 'string') return emit(String(value ?? ''));
  const shown = visible(value);
  return emit(ACTED_ON.test(shown) ? `'${shown}` : shown);
}

/** Labels up to this many columns are followed by their text; what follows such a line is indented as far. */
const LONGEST_LABEL = 24;
/** Narrower terminals get lines as they are. */
const NARROWEST = 40;

/**
 * A line for people in several that fit a terminal, broken at single spaces. A line of columns stays whole, and so does a
 * word that does not fit.
 *
 * @param width columns of the terminal; null where it is not known.
 */
export function wrapped(line: string, width: number | null): string[] {
  if (width === null || width < NARROWEST || columnsOf(line) <= width) return [line];
  const start = /^ */.exec(line)?.[0].length ?? 0;
  const gaps = [...line.slice(start).matchAll(/(?<=\S) {2,}(?=\S)/g)];
  if (gaps.length > 1) return [line];
  const label = gaps[0] ? start + gaps[0].index + gaps[0][0].length : 0;
  if (label > LONGEST_LABEL) return [line];
  const indent = ' '.repeat(label > 0 ? label : start + 2);
  const lines: string[] = [];
  let current = line.slice(0, label > 0 ? label : start);
  let isEmpty = true;
  for (const word of line.slice(current.length).split(' ')) {
    if (!isEmpty && columnsOf(current) + 1 + columnsOf(word) > width) {
      lines.push(current);
      current = `${indent}${word}`;
    } else current += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, current];
}

function columnsOf(text: string): number {
  return [...text].length;
}

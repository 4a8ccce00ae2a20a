import type { Goal, Row } from './row.ts';

const HEADS = ['bench', 'what', 'measured', 'floor', 'ratio', 'goal', 'met'] as const;

/** Three significant digits, and never an exponent. */
export function shortNumber(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function goalWords({ of, is, limit }: Goal): string {
  return `${of === 'ratio' ? 'ratio ' : ''}${is === 'at most' ? '≤' : '≥'} ${shortNumber(limit)}`;
}

function cellsOf({ bench, name, value, unit, floor, ratio, goal, met }: Row): string[] {
  return [
    bench,
    name,
    value === null ? 'not measured' : `${shortNumber(value)} ${unit}`.trim(),
    floor === null ? '' : `${shortNumber(floor.value)} (${floor.what})`,
    ratio === null ? '' : shortNumber(ratio),
    goal === null ? '' : goalWords(goal),
    met === null ? '' : met ? 'met' : '**missed**',
  ];
}

/** The rows as one Markdown table with aligned columns; below it why rows were not measured, each reason once. */
export function formatTable(title: string, rows: readonly Row[]): string {
  const lines = [[...HEADS], ...rows.map(cellsOf)];
  const widths = HEADS.map((_, at) => Math.max(3, ...lines.map((cells) => [...(cells[at] ?? '')].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - [...cell].length)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const reasons = new Map<string, string[]>();
  for (const { bench, name, why } of rows)
    if (why !== null) reasons.set(why, [...(reasons.get(why) ?? []), `${bench}, ${name}`]);
  const notes = [...reasons].map(([why, names]) => `- Not measured: ${names.join('; ')}: ${why}`);
  return [title, '', line(head), rule, ...body.map(line), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

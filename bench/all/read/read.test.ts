import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BENCHES } from '../benches.ts';
import { measuredRow } from '../row.ts';

const LINES = new URL('../fixtures/lines.jsonl', import.meta.url);
const KERNELS = new URL('../../kernels/h200-kernels.json', import.meta.url);

/** What benches printed, by name; those that print several forms have several lines. */
const recorded = new Map<string, string[]>();
for (const line of readFileSync(LINES, 'utf8').trim().split('\n')) {
  const { bench } = JSON.parse(line) as { bench: string };
  recorded.set(bench, [...(recorded.get(bench) ?? []), line]);
}
recorded.set('kernels', [readFileSync(KERNELS, 'utf8')]);

const samples = BENCHES.flatMap((bench) => (recorded.get(bench.name) ?? []).map((line) => ({ ...bench, line })));

/** Paths of every value in a line that is not an object or a list. */
function leaves(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  if (Array.isArray(value)) return value.slice(0, 1).flatMap((each) => leaves(each, [...path, 0]));
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key]));
}

/** The line with a change at the object or list that holds `path`. */
function changed(
  line: string,
  path: readonly (string | number)[],
  change: (holder: object, key: string) => void,
): string {
  const root = JSON.parse(line) as object;
  const holder = path.slice(0, -1).reduce<object>((at, key) => Reflect.get(at, key) as object, root);
  change(holder, String(path.at(-1)));
  return JSON.stringify(root);
}

describe('what benches print', () => {
  it('is recorded for every bench of the table', () => {
    expect(BENCHES.map(({ name }) => name).filter((name) => !recorded.has(name))).toEqual([]);
  });

  it.each(samples)('of $name makes rows', ({ name, line, read }) => {
    const rows = read(line).map((reading) => measuredRow(name, reading));
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
    expect(rows.map(({ name: what, unit, floor, goal }) => [what, unit, floor?.what, goal?.limit])).toMatchSnapshot();
  });

  it.each(samples)('of $name is refused with a field that is gone, null, or new', ({ line, read }) => {
    const ours = JSON.parse(line) as object;
    for (const path of leaves(ours)) {
      const set = (value: unknown) => (holder: object, key: string) => void Reflect.set(holder, key, value);
      // A list of measurements may be shorter; any other field has to be there.
      if (typeof path.at(-1) === 'string' && !OPTIONAL.includes(path.join('.')))
        expect(
          () => read(changed(line, path, (holder, key) => void Reflect.deleteProperty(holder, key))),
          path.join('.'),
        ).toThrow();
      if (!NULLABLE.includes(path.join('.')))
        expect(() => read(changed(line, path, set(null))), path.join('.')).toThrow();
      if (!Number.isInteger(path.at(-1)) && !path.includes('kernels'))
        expect(
          () => read(changed(line, path, (holder) => void Reflect.set(holder, 'new', 1))),
          path.join('.'),
        ).toThrow();
    }
  });
});

/** What a bench leaves out where it does not measure it. */
const OPTIONAL: readonly string[] = ['numpy_seconds'];
const NULLABLE: readonly string[] = ['numpy_seconds', 'code_points_equal', 'half_a_million'];

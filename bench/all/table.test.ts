import { describe, expect, it } from 'vitest';
import { atMost, measuredRow, missingRow, ratioAtLeast } from './row.ts';
import { lastWords, linesOf, rowsOf, runBench } from './run-bench.ts';
import { formatTable, shortNumber } from './table.ts';

const floor = { what: 'JSON.parse', value: 4 };

describe('a row', () => {
  it('takes the ratio from value and floor, unless the bench took it', () => {
    expect(measuredRow('b', { name: 'n', value: 6, unit: 'ms', floor }).ratio).toBe(1.5);
    expect(measuredRow('b', { name: 'n', value: 6, unit: 'ms', floor, ratio: 0.7 }).ratio).toBe(0.7);
    expect(measuredRow('b', { name: 'n', value: 6, unit: 'ms' }).ratio).toBeNull();
  });

  it.each([
    [5, true],
    [5.01, false],
  ])('judges %d against at most 5', (value, met) => {
    expect(measuredRow('b', { name: 'n', value, unit: 'ms', goal: atMost(5) }).met).toBe(met);
  });

  it('judges the ratio where the goal is for it', () => {
    const reading = { name: 'n', value: 5, unit: 's', floor, goal: ratioAtLeast(0.8) };
    expect(measuredRow('b', { ...reading, ratio: 0.79 }).met).toBe(false);
    expect(measuredRow('b', { ...reading, ratio: 0.8 }).met).toBe(true);
  });

  it('has no value that was not measured', () => {
    expect(() => measuredRow('b', { name: 'n', value: Number.NaN, unit: 'ms' })).toThrow('not a value');
    expect(() => measuredRow('b', { name: 'n', value: 1, unit: '', floor: { what: 'f', value: 0 } })).toThrow('floor');
    expect(() => measuredRow('b', { name: 'n', value: 1, unit: '', goal: ratioAtLeast(1) })).toThrow('no floor');
    expect(missingRow('b', 'n', 'no GPU')).toMatchObject({ value: null, ratio: null, met: null, why: 'no GPU' });
  });
});

describe('the table', () => {
  it('lines columns up and names each reason once', () => {
    const rows = [
      measuredRow('header', { name: 'fifty', value: 6, unit: 'ms', floor, goal: atMost(5) }),
      missingRow('kernels', 'gathers', 'no GPU'),
      missingRow('kernels', 'casts', 'no GPU'),
    ];
    expect(formatTable('title', rows)).toBe(
      [
        'title',
        '',
        '| bench   | what    | measured     | floor          | ratio | goal | met        |',
        '| ------- | ------- | ------------ | -------------- | ----- | ---- | ---------- |',
        '| header  | fifty   | 6 ms         | 4 (JSON.parse) | 1.5   | ≤ 5  | **missed** |',
        '| kernels | gathers | not measured |                |       |      |            |',
        '| kernels | casts   | not measured |                |       |      |            |',
        '',
        '- Not measured: kernels, gathers; kernels, casts: no GPU',
      ].join('\n'),
    );
  });

  it.each([
    [0.0123, '0.0123'],
    [16.7, '16.7'],
    [99.96, '100'],
    [499_320, '499,320'],
  ])('writes %d as %s', (value, text) => {
    expect(shortNumber(value)).toBe(text);
  });
});

describe('what a bench printed', () => {
  const read = (line: string) => [{ name: JSON.parse(line).name as string, value: 1, unit: 'ms' }];

  it('is its lines of JSON; other lines are for people', () => {
    const rows = rowsOf({ name: 'b', read }, linesOf('starting\n{"name":"one"}\n{"name":"two"}\n'));
    expect(rows.map(({ bench, name }) => [bench, name])).toEqual([
      ['b', 'one'],
      ['b', 'two'],
    ]);
    expect(() => rowsOf({ name: 'b', read }, linesOf('nothing\n'))).toThrow('printed no line');
  });

  it('ends with the line that names its error', () => {
    expect(lastWords('node:internal\n  throw\nTypeError: no such thing\n  at x\n\nNode.js v20')).toBe(
      'TypeError: no such thing',
    );
    expect(lastWords('')).toBe('nothing was said');
  });

  it('is a row that says so where the bench crashes, and nothing runs that has no arguments', async () => {
    const machine = { browser: null, freeBytes: 0, noGpu: null };
    const bench = { name: 'no-such-bench', read, run: () => ({ args: [], missing: [] }) };
    const crash = await runBench(bench, { args: [], missing: [] }, machine);
    expect(crash).toMatchObject({ crashed: true, rows: [{ name: 'all', value: null }] });
    expect(crash.rows[0]?.why).toMatch(/^crashed: ended with 1: .*no-such-bench/);
    const missing = [{ name: 'all of it', why: 'no GPU' }];
    const left = await runBench(bench, { args: null, missing }, machine);
    expect(left).toMatchObject({ crashed: false, rows: [{ name: 'all of it', value: null, why: 'no GPU' }] });
  });
});

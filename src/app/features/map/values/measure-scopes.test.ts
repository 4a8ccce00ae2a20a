import { describe, expect, it } from 'vitest';
import type { ExpertMap } from '../../../../core/index.ts';
import { countMeasured, measurable, offeredScope } from './measure-scopes.ts';
import type { Measured } from './statistics.ts';

type Row = ExpertMap['rows'][number];

const row = (index: number, experts: number | null = 128) =>
  ({ prefix: `layers.${index}`, index, experts, kind: experts === null ? 'dense' : 'moe' }) as Row;
const ROWS = [row(0, null), row(1), row(2), row(3)];
const NOWHERE = { chosen: [], layer: null, expert: null };

describe('what can be measured', () => {
  it('is one expert, one layer, a sample or all layers, the narrowest first', () => {
    const { scopes, words } = measurable(ROWS, NOWHERE, new Set());
    expect(scopes.map(({ label, words: what, scope }) => [label, what, scope])).toEqual([
      ['One expert', 'Layer 1, expert 0', { layers: [1], experts: [0] }],
      ['One layer', 'Layer 1', { layers: [1] }],
      ['Sample of 1 %', 'Every 100th expert', { every: 100 }],
      ['All layers', 'All 3 layers with experts', {}],
    ]);
    expect(words).toBe('All 3 layers with experts');
  });

  it('is the pinned expert and its layer, in the layers that are chosen and not measured', () => {
    const { scopes } = measurable(ROWS, { chosen: [1, 2, 3], layer: 3, expert: 7 }, new Set(['layers.1']));
    expect(scopes.map(({ label, words }) => [label, words])).toEqual([
      ['This expert', 'Layer 3, expert 7'],
      ['This layer', 'Layer 3'],
      ['Sample of 1 %', 'Every 100th expert'],
      ['Chosen layers', 'Layers 2–3'],
    ]);
    const other = measurable(ROWS, { chosen: [2], layer: 3, expert: 7 }, new Set()).scopes;
    expect(other.map(({ words }) => words)).toEqual(['Layer 2, expert 0', 'Every 100th expert', 'Layer 2']);
  });

  it('is no sample of few experts, and nothing where all is measured', () => {
    expect(measurable([row(0, 8)], NOWHERE, new Set()).scopes.map(({ id }) => id)).toEqual(['expert', 'all']);
    expect(measurable([row(0, 8)], NOWHERE, new Set(['layers.0']))).toEqual({
      scopes: [],
      words: '1 layer',
      wanted: 1,
    });
  });
});

describe('the choice that is offered', () => {
  const of = (...measured: boolean[]) =>
    measured.map((isMeasured, at) => ({ id: (['expert', 'sample', 'all'] as const)[at] ?? 'all', isMeasured }));

  it('is the narrowest that is not measured where everything is much', () => {
    expect(offeredScope(of(false, false, false), null, true)?.id).toBe('expert');
    expect(offeredScope(of(true, false, false), null, true)?.id).toBe('sample');
    expect(offeredScope(of(true, false, false), 'expert', true)?.id).toBe('expert');
    expect(offeredScope(of(false, false, false), null, false)?.id).toBe('all');
    expect(offeredScope([], null, true)).toBeUndefined();
  });
});

it('counts the measured matrices of a scope', () => {
  const matrices = (...experts: number[]) => {
    const layer: unknown[] = [];
    for (const expert of experts) layer[3 * expert] = { expert };
    return layer;
  };
  const measured = new Map([
    ['layers.1', matrices(0, 100)],
    ['layers.2', matrices(1)],
  ]) as unknown as Measured;
  expect(countMeasured(ROWS, measured, {})).toBe(3);
  expect(countMeasured(ROWS, measured, { every: 100 })).toBe(2);
  expect(countMeasured(ROWS, measured, { layers: [2], experts: [1] })).toBe(1);
});

import { expect, it } from 'vitest';
import { rowOfLayer, rowToDraw } from './map-rows.ts';

const ROWS = [
  { index: 3, kind: 'dense' },
  { index: 4, kind: 'moe' },
  { index: null, kind: 'moe' },
];

it('finds the row of a layer by its number, or by its place where it has none', () => {
  expect([3, 4, 2, 9, null].map((layer) => rowOfLayer(ROWS, layer))).toEqual([0, 1, 2, -1, -1]);
});

it('draws the chosen layer, else the first with experts, else the first', () => {
  expect([3, 9, null].map((layer) => rowToDraw(ROWS, layer))).toEqual([0, 1, 1]);
  expect(rowToDraw(ROWS.slice(0, 1), null)).toBe(0);
});

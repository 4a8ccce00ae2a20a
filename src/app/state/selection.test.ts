import { expect, it } from 'vitest';
import { rowOfLayer } from '../../core/index.ts';
import { layerOfRow } from './selection.ts';

const ROWS = [{ index: 3 }, { index: null }, { index: 4 }];

it('a layer is found by its number, or by its row where it has none, and named back', () => {
  expect([3, 4, 1, 7, null].map((layer) => rowOfLayer(ROWS, layer))).toEqual([0, 2, 1, -1, -1]);
  expect(ROWS.map((_, row) => layerOfRow(ROWS, row))).toEqual([3, 1, 4]);
});

import { expect, it } from 'vitest';
import { FAMILIES, layoutColour } from '../../grid/paint/layout-colours.ts';
import { STATUS_COLOURS } from './status-labels.ts';

it('no status has the colour of a layout', () => {
  const layouts = new Set(FAMILIES.map((family) => layoutColour({ family })));
  expect(Object.values(STATUS_COLOURS).filter((colour) => layouts.has(colour))).toEqual([]);
});

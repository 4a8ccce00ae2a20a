import { expect, it } from 'vitest';
import { STATUS_COLOURS } from '../status-labels.ts';
import { layoutColour, layoutPixel } from './layout-colours.ts';

const FAMILIES = [
  'per-expert',
  'stacked',
  'gate-up',
  'gate-up-transposed',
  'gate-up-interleaved',
  'flat',
  'unknown',
] as const;

it('a family of layouts has a colour that no other and no status has', () => {
  const colours = FAMILIES.map((family) => layoutColour({ family }));
  expect(new Set([...colours, ...Object.values(STATUS_COLOURS)]).size).toBe(
    FAMILIES.length + Object.keys(STATUS_COLOURS).length,
  );
});

it('experts apart alternate, those of one tensor do not', () => {
  const apart = [0, 1, 2].map((expert) => layoutPixel({ family: 'per-expert', stacked: false }, expert));
  expect(apart[0]).toBe(apart[2]);
  expect(apart[0]).not.toBe(apart[1]);
  expect(new Set([0, 1, 2].map((expert) => layoutPixel({ family: 'stacked', stacked: true }, expert))).size).toBe(1);
});

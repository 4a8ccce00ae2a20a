import { expect, it } from 'vitest';
import { INKS } from '../../../core/index.ts';
import { FAMILIES, layoutColour, layoutPixel } from './layout-colours.ts';

const luminance = (hex: string) => {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

it('a family of layouts has a colour that no other has, 3 to 1 from both grounds', () => {
  const colours = FAMILIES.map((family) => layoutColour({ family }));
  expect(new Set(colours).size).toBe(FAMILIES.length);
  const grounds = [INKS.light.surface, INKS.dark.surface].map(luminance);
  for (const colour of colours) {
    const own = luminance(colour);
    const ratios = grounds.map((ground) => (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05));
    expect([colour, Math.min(...ratios) >= 3]).toEqual([colour, true]);
  }
});

it('experts apart alternate, those of one tensor do not', () => {
  const apart = [0, 1, 2].map((expert) => layoutPixel({ family: 'per-expert', stacked: false }, expert));
  expect(apart[0]).toBe(apart[2]);
  expect(apart[0]).not.toBe(apart[1]);
  expect(new Set([0, 1, 2].map((expert) => layoutPixel({ family: 'stacked', stacked: true }, expert))).size).toBe(1);
});

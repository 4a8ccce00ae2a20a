import { expect, it } from 'vitest';
import { svgOf } from '../../../../core/index.ts';
import { memoryPicture } from './memory-picture.ts';

type Report = Parameters<typeof memoryPicture>[0][number];

const REPORT = {
  low: 30,
  high: 40,
  capacity: 80,
  verdict: 'fits',
  terms: [
    { name: 'weights', low: 20, high: 20 },
    { name: 'KV cache', low: 10, high: 20 },
  ],
} as unknown as Report;

it('bars say each term, the band and the capacity, one bar a set-up', () => {
  const picture = memoryPicture([REPORT, { ...REPORT, capacity: 35 }], 'Memory');
  const boxes = picture.marks.flatMap((mark) => (mark.kind === 'box' && mark.title ? [mark] : []));
  expect(boxes.map(({ title }) => title)).toEqual([
    ...['weights: 20.0 GB', 'KV cache: 10.0–20.0 GB'],
    ...['weights: 20.0 GB', 'KV cache: 10.0–20.0 GB'],
  ]);
  const [weights, cache] = boxes;
  expect(cache?.x).toBeCloseTo(weights?.width ?? 0);
  expect(weights?.width).toBeCloseTo(2 * (cache?.width ?? 0));
  expect(picture.description).toContain('fits: 30.0–40.0 of 80.0 GB');
  const file = svgOf(picture, { scheme: 'light', notes: ['org/name@1'] });
  expect(file).toContain('KV cache');
  expect(file).not.toMatch(/undefined|NaN/);
});

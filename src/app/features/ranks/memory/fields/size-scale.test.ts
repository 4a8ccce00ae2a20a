import { describe, expect, it } from 'vitest';
import { lastStep, nearestValue, stepOf, valueByKey } from './size-scale.ts';

const SCALE = { least: 1, most: 64, marks: [1, 8, 64] };
const TWELVE = [1, 2, 3, 4, 6, 12];

describe('a scale', () => {
  it('gives a value the same place whatever a model allows, and each value a place of its own', () => {
    expect(stepOf(SCALE, 1)).toBe(0);
    expect(stepOf(SCALE, 64)).toBe(lastStep(SCALE));
    expect(stepOf(SCALE, 8) * 2).toBe(lastStep(SCALE));
    expect(new Set(TWELVE.map((value) => stepOf(SCALE, value))).size).toBe(TWELVE.length);
    expect(stepOf(SCALE, 4096)).toBe(lastStep(SCALE));
  });

  it('snaps to the nearest allowed value', () => {
    expect(TWELVE.map((value) => nearestValue(SCALE, TWELVE, stepOf(SCALE, value)))).toEqual(TWELVE);
    expect(nearestValue(SCALE, TWELVE, lastStep(SCALE))).toBe(12);
    expect(nearestValue(SCALE, [], 3)).toBeUndefined();
  });
});

it('keys lead to allowed values only', () => {
  const by = (key: string, value: number) => valueByKey(key, TWELVE, value);
  expect([by('ArrowRight', 3), by('ArrowLeft', 3), by('Home', 3), by('End', 3)]).toEqual([4, 2, 1, 12]);
  expect([by('PageUp', 1), by('PageDown', 12), by('PageUp', 6)]).toEqual([4, 3, 12]);
  // A typed value that is not allowed: the neighbours on both sides.
  expect([by('ArrowRight', 5), by('ArrowLeft', 5)]).toEqual([6, 4]);
  expect([by('ArrowRight', 12), by('Tab', 3)]).toEqual([undefined, undefined]);
});

import { expect, it } from 'vitest';
import { linesOf } from './facts.tsx';

it('columns of a list stand in pairs, and wide ones alone', () => {
  expect(linesOf([{}, {}, {}])).toBe(2);
  expect(linesOf([{ wide: true }, {}, {}])).toBe(2);
  expect(linesOf([{}, { wide: true }, {}])).toBe(3);
  expect(linesOf([])).toBe(0);
});

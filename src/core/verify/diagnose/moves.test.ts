import { describe, expect, it } from 'vitest';
import { moveClasses, readMoves, textOrder } from './moves.ts';

const read = (...contents: (readonly number[] | null)[][]) => moveClasses(contents).map(readMoves);
const only = (from: readonly (number | null)[]) => from.map((expert) => (expert === null ? null : [expert]));

describe('where experts came from', () => {
  it('is text order, also with gaps where nothing is known', () => {
    expect(textOrder(12)).toEqual([0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]);
    const gaps = textOrder(12).map((from, place) => (place === 2 || place === 7 ? null : from));
    expect(read(only(gaps))).toMatchObject([{ order: 'text', doubled: [], misplaced: [] }]);
    expect(read(only([0, 1, 2]))).toMatchObject([{ order: null, permuted: [], doubled: [], misplaced: [] }]);
  });

  it('takes experts that are equal in the original for what they are', () => {
    const equal = [0, 1, 2, 3].map(() => [0, 1, 2, 3]);
    expect(read(equal)).toMatchObject([{ permuted: [], doubled: [] }]);
    const pairs = [
      [2, 3],
      [2, 3],
      [0, 1],
      [0, 1],
    ];
    expect(read(pairs)).toMatchObject([{ permuted: [0, 1, 2, 3], doubled: [], misplaced: [] }]);
  });

  it('tells rounds, doubles and displaced experts apart', () => {
    expect(read(only([1, 2, 0, 3, 3, null, 5]))).toEqual([
      {
        order: null,
        permuted: [0, 1, 2],
        doubled: [{ place: 4, from: 3, holders: [3, 4] }],
        misplaced: [{ place: 6, from: 5, holders: [6] }],
      },
    ]);
  });

  it('joins contents that moved alike and keeps apart those that did not', () => {
    const swapped = only([1, 0, 2]);
    const damaged = only([1, null, 2]);
    expect(moveClasses([swapped, damaged, only([0, 1, 2])]).map((each) => each.contents)).toEqual([[0, 1], [2]]);
  });
});

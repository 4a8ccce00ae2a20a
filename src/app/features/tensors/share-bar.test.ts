import { expect, it } from 'vitest';
import { shareWords } from './share-bar.tsx';

it.each([
  [1, 8, '12.5 % of the bytes listed'],
  [1, 3, '33.3 % of the bytes listed'],
  [8, 8, '100 % of the bytes listed'],
  [1, 1e9, 'less than 0.01 % of the bytes listed'],
  [0, 8, '0 % of the bytes listed'],
  [0, 0, '0 % of the bytes listed'],
])('says the share of %s bytes of %s', (bytes, of, words) => {
  expect(shareWords(bytes, of)).toBe(words);
});

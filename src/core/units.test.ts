import { expect, it } from 'vitest';
import { formatAge, formatInteger } from './units.ts';

it('says how long ago something was, in whole units', () => {
  const ages = [-5, 0, 59, 60, 3599, 3600, 86_399, 86_400, 200_000, Number.NaN].map(formatAge);
  expect(ages).toEqual([
    'just now',
    'just now',
    'just now',
    '1 min ago',
    '59 min ago',
    '1 h ago',
    '23 h ago',
    '1 day ago',
    '2 days ago',
    'just now',
  ]);
});

it('groups the digits of whole numbers by thousands, and leaves what is none', () => {
  const numbers = [
    0,
    7,
    999,
    1000,
    12_345,
    1_234_567,
    -1,
    -999,
    -1000,
    -1_234_567,
    0.4,
    1999.5,
    Number.MAX_SAFE_INTEGER,
  ];
  expect(numbers.map(formatInteger)).toEqual(numbers.map((each) => Math.round(each).toLocaleString('en-US')));
  expect([1e21, Number.NaN, Number.POSITIVE_INFINITY].map(formatInteger)).toEqual(['1e+21', 'NaN', 'Infinity']);
});

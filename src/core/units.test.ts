import { expect, it } from 'vitest';
import { formatAge } from './units.ts';

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

import { expect, test } from 'vitest';
import { DEFECTS } from '../layouts/defects.ts';
import { isPredictionTag } from '../layouts/prediction.ts';
import { whoMinds } from './minding.ts';

const TAGS = Object.keys(DEFECTS).filter(isPredictionTag);

test.each(TAGS)('%s: somebody minds, and where that is known from', (tag) => {
  const minding = whoMinds(tag);
  expect(minding.length).toBeGreaterThan(0);
  for (const { title, says, evidence } of minding) {
    expect(title).not.toBe('');
    expect(says).toMatch(/^[A-Z].*\.$/);
    expect(evidence.date).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(evidence.source).not.toBe('');
  }
});

test('no one is named twice', () => {
  expect(TAGS.length).toBe(4);
  for (const tag of TAGS) {
    const titles = whoMinds(tag).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  }
});

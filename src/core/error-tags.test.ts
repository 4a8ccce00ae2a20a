import { expect, it } from 'vitest';
import { ERROR_TAGS, type ErrorTag, LoomError, RETRYABLE } from './errors.ts';

it('the retryable tags are those of the table', () => {
  const tags = Object.keys(ERROR_TAGS) as ErrorTag[];
  expect(tags.filter((tag) => new LoomError(tag, '').retryable)).toEqual(
    tags.filter((tag) => ERROR_TAGS[tag].retryable),
  );
  expect(RETRYABLE.size).toBeGreaterThan(5);
});

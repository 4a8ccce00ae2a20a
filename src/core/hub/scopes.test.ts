import { expect, it } from 'vitest';
import { grantsWriting, PUBLISH_SCOPES, publishScopesOf, readScopesOf, SIGN_IN_SCOPES } from './scopes.ts';

it('asks for the right to write only of those who publish, and never for the right to delete', () => {
  expect([grantsWriting(SIGN_IN_SCOPES), grantsWriting(PUBLISH_SCOPES)]).toEqual([false, true]);
  expect([readScopesOf(undefined), publishScopesOf(undefined)]).toEqual([SIGN_IN_SCOPES, PUBLISH_SCOPES]);
  expect(PUBLISH_SCOPES).not.toContain('manage-repos');
});

it('asks for nothing that the page is not registered for', () => {
  const all = 'openid profile  read-repos manage-repos';
  expect([readScopesOf(all), publishScopesOf(all)]).toEqual(['openid profile read-repos', all]);
  expect(publishScopesOf('openid profile read-repos')).toBeNull();
  expect(grantsWriting('rewrite-repos')).toBe(false);
});

import { describe, expect, it } from 'vitest';
import { ERROR_TAGS, type ErrorTag, LoomError } from '../../../core/index.ts';
import { adviceFor } from './next-steps.ts';

const hub = { kind: 'hub', reference: 'a/b', endpoint: null } as const;
const stepsFor = (tag: ErrorTag) => adviceFor(new LoomError(tag, 'x'), hub).steps;

describe('adviceFor', () => {
  it('has a title and a way on for every error there is', () => {
    for (const tag of Object.keys(ERROR_TAGS) as ErrorTag[]) {
      const { title, steps } = adviceFor(new LoomError(tag, 'x'), hub);
      expect(title).toMatch(/\.$/);
      expect(steps.at(-1)).toBe('other-source');
    }
  });

  it('puts the likeliest step first', () => {
    expect(stepsFor('network')[0]).toBe('retry');
    expect(stepsFor('repo-gated').slice(0, 2)).toEqual(['model-page', 'access']);
    expect(adviceFor(new LoomError('lfs-pointer', 'x'), { kind: 'files', name: 'x', files: [] }).steps[0]).toBe(
      'choose-files',
    );
  });

  it('says what can be done outside of the page, and to reload one that is older than its server', () => {
    expect(adviceFor(new LoomError('lfs-pointer', 'x'), hub).hint).toContain('git lfs pull');
    expect(stepsFor('part-not-loaded').slice(0, 2)).toEqual(['reload', 'retry']);
  });

  it('leads from a result that is not here to those that are, and asks for its folder', () => {
    const advice = (tag: ErrorTag) => adviceFor(new LoomError(tag, 'x'), { kind: 'job', job: 'j' });
    expect(advice('path-not-found')).toMatchObject({
      title: 'This browser does not have this result.',
      steps: ['stored-results', 'other-source'],
    });
    expect(advice('permission-lost').steps).toEqual(['allow-folder', 'stored-results', 'other-source']);
  });

  it('offers main where the revision does not exist', () => {
    expect(stepsFor('revision-not-found')[0]).toBe('main-revision');
  });

  it('offers no second try of what cannot change by itself', () => {
    expect(stepsFor('repo-not-found')).not.toContain('retry');
  });
});

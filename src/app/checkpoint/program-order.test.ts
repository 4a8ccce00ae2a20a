import { describe, expect, it } from 'vitest';
import type { Use } from '../../core/index.ts';
import { ownPrograms, programGroups } from './program-order.ts';

const listed = (id: string, use: Use) => ({ id: id as never, use });
const ALL = [listed('a', 'widely'), listed('b', 'widely'), listed('c', 'specialised'), listed('d', 'fork')];
const names = (pinned: readonly string[]) =>
  programGroups(ALL, pinned).map(({ key, programs }) => `${key}: ${programs.map(({ id }) => id).join(' ')}`);

describe('the order of programs', () => {
  it('is widely used, specialised, forks where nothing is pinned', () => {
    expect(names([])).toEqual(['widely: a b', 'specialised: c', 'fork: d']);
  });

  it('begins with what is pinned, in the order of pinning, and shows each once', () => {
    expect(names(['d', 'a', 'nothing'])).toEqual(['pinned: d a', 'widely: b', 'specialised: c']);
    expect(names(['a', 'b', 'c', 'd'])).toEqual(['pinned: a b c d']);
  });

  it('takes widely used programs as the reader’s where none of the pinned is known', () => {
    expect(ownPrograms(ALL, ['nothing']).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(ownPrograms(ALL, ['c']).map(({ id }) => id)).toEqual(['c']);
  });
});

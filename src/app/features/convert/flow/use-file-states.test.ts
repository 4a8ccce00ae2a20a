import { expect, it } from 'vitest';
import { fileStates } from './use-file-states.ts';

it('fills what is written whole, and knows nothing of a shard that is being written', () => {
  const stateOf = fileStates({
    inHand: [
      { file: 'b', phase: 'verify' },
      { file: 'c', phase: 'write' },
    ],
    provenFiles: ['a'],
  });
  expect(['a', 'b', 'c', 'd'].map(stateOf)).toEqual(['proven', 'written', 'waiting', 'waiting']);
  expect(fileStates(null)('a')).toBe('waiting');
});

import { describe, expect, it } from 'vitest';
import { sameName, whyNoFolderName } from './folder-name.ts';

describe('names of folders', () => {
  it.each(['out', 'Qwen3-235B stacked', 'größe_2', 'a.b', 'console', 'com', 'communications', 'lpt', 'x'.repeat(120)])(
    'can be %s',
    (name) => expect(whyNoFolderName(name)).toBeNull(),
  );

  it.each([
    ['', 'Enter'],
    ['  ', 'Enter'],
    ['..', 'not the name'],
    ['a/b', 'not the name'],
    ['a\\b', 'not the name'],
    ['C:', 'not the name'],
    ['C:\\models', 'not the name'],
    ['\\\\server\\share', 'not the name'],
    ['//server/share', 'not the name'],
    ['a:stream', 'not the name'],
    ['what?', 'not the name'],
    ['a\0b', 'not the name'],
    ['a\nb', 'not the name'],
    ['CON', 'device'],
    ['nul.txt', 'device'],
    ['Com1', 'device'],
    ['LPT9.', 'device'],
    ['.ssh', 'begins'],
    ['-rf', 'begins'],
    ['a.', 'ends with a dot'],
    ['a ', 'ends with a space'],
    ['x'.repeat(121), '121 characters'],
  ])('cannot be %j: %s', (name, word) => expect(whyNoFolderName(name)).toContain(word));

  it('are the same in another case, and with another way to write an accent', () => {
    expect(sameName('Model', 'model')).toBe(true);
    expect(sameName('gr\u00f6\u00dfe', 'gro\u0308\u00dfe')).toBe(true);
    expect(sameName('model', 'model-2')).toBe(false);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nameBlocks } from './name-blocks.ts';
import { createWordSearch } from './word-search.ts';

/** A search over these names, and what it should find. */
function search(names: readonly string[]) {
  const find = createWordSearch(nameBlocks(names));
  return {
    find: (words: readonly string[]) => {
      const places: number[] = [];
      find(words, (at) => places.push(at));
      return places;
    },
    truth: (words: readonly string[]) =>
      names.flatMap((name, at) => (words.every((word) => name.toLowerCase().includes(word)) ? [at] : [])),
  };
}

it('finds the same whatever was looked for before: longer words, shorter ones, others', () => {
  const text = (most: number) =>
    fc
      .array(fc.constantFrom('a', 'b', 'B', '.', '1'), { minLength: 1, maxLength: most })
      .map((letters) => letters.join(''));
  const words = fc.array(
    text(5).map((word) => word.toLowerCase()),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(fc.array(text(12), { maxLength: 30 }), fc.array(words, { maxLength: 20 }), (names, asked) => {
      const { find, truth } = search(names);
      for (const each of asked) expect(find(each)).toEqual(truth(each));
    }),
  );
});

it('follows what is typed and deleted, key by key', () => {
  const names = ['layers.1.gate_proj', 'layers.10.up_proj', 'gate.gate_proj', 'embed', 'layers.1.GATE.gate'];
  const { find, truth } = search(names);
  const typed = [...'gate_proj'].map((_, at, keys) => keys.slice(0, at + 1).join(''));
  for (const word of [...typed, ...typed.toReversed()]) expect(find([word])).toEqual(truth([word]));
  expect(find(['gate_proj'])).toEqual([0, 2]);
  expect(find(['layers', 'gate'])).toEqual([0, 4]);
});

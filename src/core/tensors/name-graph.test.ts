import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createGraphSearch, lettersMatcher, type Matcher, wordsMatcher } from './graph-search.ts';
import { nameAt, nameGraph } from './name-graph.ts';

const text = (most: number) =>
  fc.array(fc.constantFrom('a', 'b', 'B', '.', '1'), { maxLength: most }).map((letters) => letters.join(''));
const names = fc.array(text(12), { maxLength: 30 });
const words = fc.array(
  text(5)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase()),
  { maxLength: 3 },
);

/** A graph whose ends are of kind 0 or 1 by turns, weighing 1 and 10. */
function search(given: readonly string[]) {
  const graph = nameGraph(given, (at) => at % 2);
  const find = createGraphSearch(graph, [1, 10]);
  return {
    graph,
    find: (matcher: Matcher) => {
      const { count, weight, runs } = find(matcher);
      const places: number[] = [];
      runs((start, end) => {
        for (let at = start; at < end; at += 1) places.push(at);
        return true;
      });
      expect(count).toBe(places.length);
      expect(weight).toBe(places.reduce((sum, at) => sum + (at % 2 === 0 ? 1 : 10), 0));
      return places;
    },
  };
}

function places(given: readonly string[], fits: (name: string, at: number) => boolean) {
  return given.flatMap((name, at) => (fits(name.toLowerCase(), at) ? [at] : []));
}

it('gives back every name at its place, in any order', () => {
  fc.assert(
    fc.property(names, (given) => {
      const { graph } = search(given);
      expect(given.map((_, at) => nameAt(graph, at))).toEqual(given);
    }),
  );
});

it('finds the names that have all words, or a kind that is let through without', () => {
  fc.assert(
    fc.property(names, words, words, (given, some, others) => {
      const hasAll = (name: string, each: readonly string[]) =>
        each.length > 0 && each.every((word) => name.includes(word));
      const wanted = [
        ...some.map((word) => ({ words: [word], kinds: null })),
        { words: others, kinds: (kind: number) => kind === 1 },
      ];
      expect(search(given).find(wordsMatcher(wanted))).toEqual(
        places(
          given,
          (name, at) => some.every((word) => name.includes(word)) && (at % 2 === 1 || hasAll(name, others)),
        ),
      );
    }),
  );
});

it('finds names that have letters in order', () => {
  fc.assert(
    fc.property(names, text(4), (given, letters) => {
      const pattern = new RegExp(
        [...letters.toLowerCase()].map((letter) => (letter === '.' ? '\\.' : letter)).join('.*'),
      );
      expect(search(given).find(lettersMatcher(letters.toLowerCase()))).toEqual(
        places(given, (name) => pattern.test(name)),
      );
    }),
  );
});

it('keeps what experts share once, and looks at each part of it once', () => {
  const given = Array.from({ length: 50 }, (_, layer) =>
    Array.from({ length: 100 }, (__, expert) =>
      ['down', 'gate', 'up'].map((name) => `model.layers.${layer}.mlp.experts.${expert}.${name}_proj.weight`),
    ),
  ).flat(2);
  const graph = nameGraph(given, () => 0);
  expect(graph.label.length).toBeLessThan(200);
  let steps = 0;
  const matcher = wordsMatcher([{ words: ['experts.7'], kinds: null }]);
  const counted: Matcher = {
    ...matcher,
    step: (state, part) => {
      steps += 1;
      return matcher.step(state, part);
    },
  };
  expect(createGraphSearch(graph, [1])(counted).count).toBe(50 * 11 * 3);
  expect(steps).toBeLessThan(400);
});

it('takes a name of a million dots', () => {
  const hostile = ['.'.repeat(1e6), `${'.'.repeat(1e6)}a`];
  const { graph, find } = search(hostile);
  expect(nameAt(graph, 1)).toBe(hostile[1]);
  expect(find(wordsMatcher([{ words: ['.a'], kinds: null }]))).toEqual([1]);
});

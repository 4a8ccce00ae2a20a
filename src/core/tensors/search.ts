import type { SearchColumns } from './columns.ts';
import { expertTest, roleTest } from './filter.ts';
import {
  createGraphSearch,
  type GraphMatches,
  lettersMatcher,
  type WordsWanted,
  wordsMatcher,
} from './graph-search.ts';
import { parseSearch, type SearchMeaning, type SearchTerm } from './synonyms.ts';
import type { TensorQuery } from './types.ts';

/** A pattern that takes longer over all names is given up, in ms. */
const LIMIT_PATTERN_MS = 3000;
const NAMES_PER_LOOK = 512;

export interface Found {
  /** How many tensors match, and how many bytes they have. */
  readonly count: number;
  readonly bytes: number;
  /** Places of the tensors that match, ascending; at most `most`. Those of a large answer are made when they are asked for. */
  places(most?: number): Uint32Array<ArrayBuffer>;
  readonly problem: string | null;
  readonly meanings: readonly SearchMeaning[];
}

export interface TensorSearch {
  find(query: Pick<TensorQuery, 'text' | 'mode'>, test: Test | null): Found;
}

type Test = (at: number) => boolean;
type Matched = Pick<Found, 'count' | 'bytes' | 'places'>;

/** Tensors made ready for searching: words and letters without regard to case, patterns as they are. */
export function createTensorSearch(columns: SearchColumns, nameAt: (place: number) => string): TensorSearch {
  const { names, kinds, size } = columns;
  const search = createGraphSearch(names, kinds.bytes);
  const total = size.length;
  const roleWish = ({ words, meaning }: SearchTerm): WordsWanted => ({
    words,
    kinds: meaning?.kind === 'role' ? roleTest(kinds, meaning.roles) : null,
  });
  const numberTest = ({ words, meaning }: SearchTerm): Test => {
    const meant = numberMeant(columns, meaning);
    if (words.length === 0) return meant;
    const named = new Uint8Array(total);
    search(wordsMatcher([{ words, kinds: null }])).runs((start, end) => {
      named.fill(1, start, end);
      return true;
    });
    return (at) => named[at] === 1 || meant(at);
  };
  const findTerms = (terms: readonly SearchTerm[], test: Test | null): Matched => {
    const isNumber = ({ meaning }: SearchTerm) => meaning !== null && meaning.kind !== 'role';
    const matches = search(wordsMatcher(terms.filter((term) => !isNumber(term)).map(roleWish)));
    return narrowed(matches, [...(test ? [test] : []), ...terms.filter(isNumber).map(numberTest)]);
  };
  const narrowed = (matches: GraphMatches, tests: readonly Test[]): Matched => {
    if (tests.length === 0) return lazily(matches);
    return atOnce(placesOf(matches, total).filter((at) => tests.every((test) => test(at))));
  };
  const atOnce = (places: Uint32Array<ArrayBuffer>): Matched => {
    let bytes = 0;
    for (const at of places) bytes += size[at] as number;
    return { count: places.length, bytes, places: (most = places.length) => places.subarray(0, most) };
  };
  const findPattern = (text: string, test: Test | null): Matched & Pick<Found, 'problem'> => {
    const places = new Uint32Array(total);
    let count = 0;
    const put = (at: number) => {
      if (test === null || test(at)) places[count++] = at;
    };
    const problem = matchPattern(text, { total, nameAt, put });
    return { ...atOnce(places.slice(0, problem === null ? count : 0)), problem };
  };
  return {
    find: ({ text, mode }, test) => {
      const wanted = text.trim();
      const plain = { problem: null, meanings: [] };
      if (mode === 'regex' && wanted !== '') return { ...plain, ...findPattern(wanted, test) };
      if (mode === 'fuzzy' || wanted === '') {
        const letters = lettersMatcher(wanted.toLowerCase().replaceAll(/\s/g, ''));
        return { ...plain, ...narrowed(search(letters), test ? [test] : []) };
      }
      const terms = parseSearch(wanted);
      const meanings = terms.flatMap(({ meaning }) => meaning ?? []);
      return { ...plain, meanings, ...findTerms(terms, test) };
    },
  };
}

function numberMeant(columns: SearchColumns, meaning: SearchMeaning | null): Test {
  if (meaning === null || meaning.kind === 'role') return () => false;
  if (meaning.kind === 'expert') return expertTest(columns, meaning.number);
  return (at) => columns.layer[at] === meaning.number;
}

/** An answer whose places are made when they are asked for, and then kept. */
function lazily(matches: GraphMatches): Matched {
  let all: Uint32Array<ArrayBuffer> | null = null;
  return {
    count: matches.count,
    bytes: matches.weight,
    places: (most = matches.count) => {
      if (all === null && most < matches.count) return placesOf(matches, most);
      all ??= placesOf(matches, matches.count);
      return all.subarray(0, most);
    },
  };
}

/** The first places found. */
function placesOf(matches: GraphMatches, most: number): Uint32Array<ArrayBuffer> {
  const places = new Uint32Array(Math.min(most, matches.count));
  let count = 0;
  matches.runs((start, end) => {
    for (let at = start; at < end && count < places.length; at += 1) places[count++] = at;
    return count < places.length;
  });
  return places;
}

interface Names {
  readonly total: number;
  readonly nameAt: (place: number) => string;
  readonly put: (place: number) => void;
}

/** Says why there is no answer; null when there is one. */
function matchPattern(text: string, { total, nameAt, put }: Names): string | null {
  let pattern: RegExp;
  try {
    pattern = new RegExp(text, 'i');
  } catch (error) {
    return `This is no regular expression: ${error instanceof Error ? error.message : String(error)}.`;
  }
  const start = performance.now();
  for (let at = 0; at < total; at += 1) {
    if (pattern.test(nameAt(at))) put(at);
    if (at % NAMES_PER_LOOK === 0 && performance.now() - start > LIMIT_PATTERN_MS) {
      return `The search stopped after ${LIMIT_PATTERN_MS / 1000} seconds, at name ${at} of ${total}. Patterns without repeats inside repeats are faster.`;
    }
  }
  return null;
}

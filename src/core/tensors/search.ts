import type { TensorColumns } from './columns.ts';
import { expertTest, roleTest } from './filter.ts';
import { type NameBlock, nameBlocks } from './name-blocks.ts';
import { parseSearch, type SearchMeaning, type SearchTerm } from './synonyms.ts';
import type { TensorQuery } from './types.ts';
import { createWordSearch } from './word-search.ts';

/** A pattern that takes longer over all names is given up, in ms. */
const LIMIT_PATTERN_MS = 3000;
const NAMES_PER_LOOK = 512;

export interface Found {
  /** Places of the tensors that match, ascending. */
  readonly places: Uint32Array<ArrayBuffer>;
  readonly problem: string | null;
  readonly meanings: readonly SearchMeaning[];
}

export interface TensorSearch {
  find(query: Pick<TensorQuery, 'text' | 'mode'>, test: Test | null): Found;
}

type Test = (at: number) => boolean;

/** Tensors made ready for searching: words and letters without regard to case, patterns as they are. */
export function createTensorSearch(columns: TensorColumns): TensorSearch {
  const names = columns.tensors.map(({ name }) => name);
  const blocks = nameBlocks(names);
  const findWords = createWordSearch(blocks);
  const everyName = (put: (at: number) => void) => {
    for (let at = 0; at < names.length; at += 1) put(at);
  };
  const findTerms = (terms: readonly SearchTerm[], put: (at: number) => void) => {
    const literal = terms.flatMap(({ words, meaning }) => (meaning === null ? words : []));
    const tests = terms.flatMap(({ words, meaning }) => (meaning ? [termTest(words, meaning)] : []));
    const putTested = tests.length === 0 ? put : (at: number) => tests.every((test) => test(at)) && put(at);
    if (literal.length === 0) everyName(putTested);
    else findWords(literal, putTested);
  };
  const termTest = (words: readonly string[], meaning: SearchMeaning): Test => {
    const meant = meaningTest(columns, meaning);
    if (words.length === 0) return meant;
    const named = new Uint8Array(names.length);
    findWords(words, (at) => {
      named[at] = 1;
    });
    return (at) => named[at] === 1 || meant(at);
  };
  return {
    find: ({ text, mode }, test) => {
      const wanted = text.trim();
      const places = new Uint32Array(names.length);
      let count = 0;
      const put = (at: number) => {
        if (test === null || test(at)) places[count++] = at;
      };
      let problem: string | null = null;
      let meanings: readonly SearchMeaning[] = [];
      if (wanted === '') everyName(put);
      else if (mode === 'regex') problem = findPattern(names, wanted, put);
      else if (mode === 'fuzzy') findLetters(blocks, wanted.toLowerCase().replaceAll(/\s/g, ''), put);
      else {
        const terms = parseSearch(wanted);
        meanings = terms.flatMap(({ meaning }) => meaning ?? []);
        findTerms(terms, put);
      }
      return { places: places.slice(0, problem === null ? count : 0), problem, meanings };
    },
  };
}

function meaningTest(columns: TensorColumns, meaning: SearchMeaning): Test {
  if (meaning.kind === 'role') return roleTest(columns, meaning.roles);
  if (meaning.kind === 'expert') return expertTest(columns, meaning.number);
  return (at) => columns.layer[at] === meaning.number;
}

/** Names that have the letters in this order, anything between them. */
function findLetters(blocks: readonly NameBlock[], letters: string, put: (at: number) => void): void {
  for (const { text, first, starts } of blocks) {
    for (let line = 0; line + 1 < starts.length; line += 1) {
      if (hasLetters(text, starts[line] as number, (starts[line + 1] as number) - 1, letters)) put(first + line);
    }
  }
}

function hasLetters(text: string, start: number, end: number, letters: string): boolean {
  let wanted = 0;
  for (let at = start; at < end && wanted < letters.length; at += 1) {
    if (text.charCodeAt(at) === letters.charCodeAt(wanted)) wanted += 1;
  }
  return wanted === letters.length;
}

/** Says why there is no answer; null when there is one. */
function findPattern(names: readonly string[], text: string, put: (at: number) => void): string | null {
  let pattern: RegExp;
  try {
    pattern = new RegExp(text, 'i');
  } catch (error) {
    return `This is no regular expression: ${error instanceof Error ? error.message : String(error)}.`;
  }
  const start = performance.now();
  for (let at = 0; at < names.length; at += 1) {
    if (pattern.test(names[at] as string)) put(at);
    if (at % NAMES_PER_LOOK === 0 && performance.now() - start > LIMIT_PATTERN_MS) {
      return `The search stopped after ${LIMIT_PATTERN_MS / 1000} seconds, at name ${at} of ${names.length}. Patterns without repeats inside repeats are faster.`;
    }
  }
  return null;
}

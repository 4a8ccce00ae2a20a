import { type NameBlock, nameBlocks } from './name-blocks.ts';
import type { TensorQuery } from './types.ts';
import { createWordSearch } from './word-search.ts';

/** A pattern that takes longer over all names is given up, in ms. */
const LIMIT_PATTERN_MS = 3000;
const NAMES_PER_LOOK = 512;

export interface Found {
  /** Places of the names that match, ascending. */
  readonly places: Uint32Array<ArrayBuffer>;
  readonly problem: string | null;
}

export interface NameSearch {
  find(query: Pick<TensorQuery, 'text' | 'mode'>, test: ((at: number) => boolean) | null): Found;
}

/** Names made ready for searching: words and letters without regard to case, patterns as they are. */
export function createNameSearch(names: readonly string[]): NameSearch {
  const blocks = nameBlocks(names);
  const findWords = createWordSearch(blocks);
  return {
    find: ({ text, mode }, test) => {
      const wanted = text.trim();
      const places = new Uint32Array(names.length);
      let count = 0;
      const put = (at: number) => {
        if (test === null || test(at)) places[count++] = at;
      };
      let problem: string | null = null;
      if (wanted === '') for (let at = 0; at < names.length; at += 1) put(at);
      else if (mode === 'regex') problem = findPattern(names, wanted, put);
      else if (mode === 'fuzzy') findLetters(blocks, wanted.toLowerCase().replaceAll(/\s/g, ''), put);
      else findWords(wanted.toLowerCase().split(/\s+/), put);
      return { places: places.slice(0, problem === null ? count : 0), problem };
    },
  };
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
      return `The pattern was given up after ${LIMIT_PATTERN_MS / 1000} seconds, at name ${at} of ${names.length}. Simpler ones, without repeats inside repeats, are faster.`;
    }
  }
  return null;
}

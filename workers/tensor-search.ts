import type { TensorQuery } from './tensors-protocol.ts';

/** Text that is searched at a stretch. */
const BLOCK_LENGTH = 4_000_000;
/** A pattern that takes longer over all names is given up, in ms. */
const LIMIT_PATTERN_MS = 3000;
const NAMES_PER_LOOK = 512;

/** Names in lower case, joined by line ends: `starts[n]` is where name `first + n` begins. */
interface Block {
  readonly text: string;
  readonly first: number;
  readonly starts: Uint32Array;
}

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
  const blocks = blocksOf(names);
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
      else findWords(blocks, wanted.toLowerCase().split(/\s+/), put);
      return { places: places.slice(0, problem === null ? count : 0), problem };
    },
  };
}

function blocksOf(names: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let starts: number[] = [];
  let length = 0;
  const close = (end: number) => {
    if (lines.length > 0) {
      const text = `${lines.join('\n')}\n`;
      blocks.push({ text, first: end - lines.length, starts: Uint32Array.from([...starts, length]) });
    }
    [lines, starts, length] = [[], [], 0];
  };
  for (const [at, name] of names.entries()) {
    const line = name.toLowerCase();
    lines.push(line);
    starts.push(length);
    length += line.length + 1;
    if (length > BLOCK_LENGTH) close(at + 1);
  }
  close(names.length);
  return blocks;
}

/** Looks for the longest word in whole blocks, for the others in the names that have it. */
function findWords(blocks: readonly Block[], words: readonly string[], put: (at: number) => void): void {
  const [pilot = '', ...others] = [...words].sort((a, b) => b.length - a.length);
  for (const { text, first, starts } of blocks) {
    let line = 0;
    for (let hit = text.indexOf(pilot); hit !== -1; hit = text.indexOf(pilot, starts[line])) {
      line = lineOf(starts, hit, line);
      if (others.length === 0 || hasAll(text.slice(starts[line], starts[line + 1]), others)) put(first + line);
      line += 1;
    }
  }
}

function hasAll(name: string, words: readonly string[]): boolean {
  return words.every((word) => name.includes(word));
}

/** The line that a position is in, from `from` on: by doubling steps, then by halving them. */
function lineOf(starts: Uint32Array, position: number, from: number): number {
  let step = 1;
  let low = from;
  while ((starts[low + step] ?? Number.POSITIVE_INFINITY) <= position) {
    low += step;
    step *= 2;
  }
  for (; step >= 1; step /= 2) if ((starts[low + step] ?? Number.POSITIVE_INFINITY) <= position) low += step;
  return low;
}

/** Names that have the letters in this order, anything between them. */
function findLetters(blocks: readonly Block[], letters: string, put: (at: number) => void): void {
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

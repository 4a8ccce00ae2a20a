import type { NameBlock } from './name-blocks.ts';

/** Names that are remembered over all words: half a million of them take 4 MB for each word. */
const LIMIT_KEPT = 1_000_000;

/** Names of one block that have a word, ascending, each with where the word first stands in the block's text. */
interface BlockMatches {
  readonly lines: Uint32Array;
  readonly hits: Uint32Array;
}

interface Matches {
  readonly word: string;
  readonly count: number;
  readonly blocks: readonly BlockMatches[];
}

/**
 * Tells the places of the names that have all the words, ascending.
 *
 * What a word was found in is remembered: a word that goes on where an earlier one ended is looked for there alone, and
 * one that was deleted is there again.
 */
export function createWordSearch(
  blocks: readonly NameBlock[],
): (words: readonly string[], put: (at: number) => void) => void {
  const recent: Matches[] = [];
  const remember = (matches: Matches) => {
    recent.push(matches);
    let kept = recent.reduce((sum, { count }) => sum + count, 0);
    while (recent.length > 1 && kept > LIMIT_KEPT) kept -= recent.shift()?.count ?? 0;
  };
  const matchesOf = (word: string): Matches => {
    const known = recent
      .filter((matches) => word.startsWith(matches.word))
      .reduce<Matches | null>((best, next) => (best && best.word.length > next.word.length ? best : next), null);
    if (known?.word === word) return known;
    const found = blocks.map((block, at) => {
      const before = known?.blocks[at];
      return known && before ? narrow(block, before, known.word, word) : scan(block, word);
    });
    const made = { word, blocks: found, count: found.reduce((sum, { lines }) => sum + lines.length, 0) };
    remember(made);
    return made;
  };
  return (words, put) => {
    const [pilot = '', ...others] = [...words].sort((a, b) => b.length - a.length);
    const matches = matchesOf(pilot);
    for (const [at, { text, first, starts }] of blocks.entries()) {
      for (const line of matches.blocks[at]?.lines ?? []) {
        if (others.length === 0 || hasAll(text.slice(starts[line], starts[line + 1]), others)) put(first + line);
      }
    }
  };
}

function hasAll(name: string, words: readonly string[]): boolean {
  return words.every((word) => name.includes(word));
}

/** Collects what at most `most` names can add. */
function collector(most: number) {
  const lines = new Uint32Array(most);
  const hits = new Uint32Array(most);
  let count = 0;
  return {
    add: (line: number, hit: number) => {
      lines[count] = line;
      hits[count++] = hit;
    },
    matches: (): BlockMatches => ({ lines: lines.slice(0, count), hits: hits.slice(0, count) }),
  };
}

/** Looks through the whole block: from each hit on in the next line. */
function scan({ text, starts }: NameBlock, word: string): BlockMatches {
  const found = collector(starts.length - 1);
  let line = 0;
  for (let hit = text.indexOf(word); hit !== -1; hit = text.indexOf(word, starts[line])) {
    line = lineOf(starts, hit, line);
    found.add(line, hit);
    line += 1;
  }
  return found.matches();
}

/** Looks through the lines that have a word which `word` begins with: mostly it goes on where that one ended. */
function narrow({ text, starts }: NameBlock, { lines, hits }: BlockMatches, known: string, word: string): BlockMatches {
  const found = collector(lines.length);
  const rest = word.slice(known.length);
  let next = -1;
  for (let at = 0; at < lines.length; at += 1) {
    const [line, hit] = [lines[at] as number, hits[at] as number];
    if (text.startsWith(rest, hit + known.length)) {
      found.add(line, hit);
      continue;
    }
    if (next <= hit) {
      next = text.indexOf(word, hit + 1);
      if (next === -1) next = Number.POSITIVE_INFINITY;
    }
    if (next < (starts[line + 1] as number)) found.add(line, next);
  }
  return found.matches();
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

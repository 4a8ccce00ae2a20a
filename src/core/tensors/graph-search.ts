import { type NameGraph, NO_KIND } from './name-graph.ts';

/** Reads names part by part and remembers what it has seen as a number. */
export interface Matcher {
  /** The number before the first part. */
  readonly start: number;
  step(state: number, part: string): number;
  /** True when every name that goes on from here fits. */
  isMet(state: number): boolean;
  /** Whether a name fits that ends here with an end of this kind. */
  fits(state: number, kind: number): boolean;
}

/** Names that a matcher found: how many, and on demand where. */
export interface GraphMatches {
  readonly count: number;
  /** The sum of the kinds' weights over the names found. */
  readonly weight: number;
  /** Tells the runs of places found, ascending, `end` excluded, until `visit` says false. */
  runs(visit: (start: number, end: number) => boolean): void;
}

/** What a matcher finds below a node. */
interface Part {
  readonly count: number;
  readonly weight: number;
  /** For each edge of the node; null where all or none fits. */
  readonly parts: readonly Part[] | null;
}

const NOTHING: Part = { count: 0, weight: 0, parts: null };

/**
 * Finds names in a graph: each node is looked at once for each state in which a matcher comes to it, so that a search takes
 * as long as the graph is large, not as there are names. `weights` are those of the kinds.
 */
export function createGraphSearch(graph: NameGraph, weights: ArrayLike<number>): (matcher: Matcher) => GraphMatches {
  const { first, label, child, before, count, kind } = graph;
  const nodes = count.length;
  const lower = graph.labels.map((text) => text.toLowerCase());
  const whole: Part[] = [];
  for (let node = 0; node < nodes; node += 1) {
    let weight = kind[node] === NO_KIND ? 0 : (weights[kind[node] as number] ?? 0);
    for (let at = first[node] as number; at < (first[node + 1] as number); at += 1) {
      weight += whole[child[at] as number]?.weight ?? 0;
    }
    whole.push({ count: count[node] as number, weight, parts: null });
  }
  return (matcher) => {
    const known = new Map<number, Part>();
    const below = (node: number, state: number): Part => {
      if (matcher.isMet(state)) return whole[node] as Part;
      const key = state * nodes + node;
      const seen = known.get(key);
      if (seen) return seen;
      const part = kind[node] === NO_KIND ? inner(node, state) : leaf(node, state);
      known.set(key, part);
      return part;
    };
    const leaf = (node: number, state: number) =>
      matcher.fits(state, kind[node] as number) ? (whole[node] as Part) : NOTHING;
    const inner = (node: number, state: number): Part => {
      const parts: Part[] = [];
      let [found, weight] = [0, 0];
      for (let at = first[node] as number; at < (first[node + 1] as number); at += 1) {
        const part = below(child[at] as number, matcher.step(state, lower[label[at] as number] as string));
        parts.push(part);
        found += part.count;
        weight += part.weight;
      }
      if (found === 0) return NOTHING;
      return found === count[node] ? (whole[node] as Part) : { count: found, weight, parts };
    };
    const root = nodes - 1;
    const all = below(root, matcher.start);
    const walk = (part: Part, node: number, start: number, visit: (start: number, end: number) => boolean): boolean => {
      if (part.count === 0) return true;
      if (part.parts === null) return visit(start, start + part.count);
      const from = first[node] as number;
      for (let at = 0; at < part.parts.length; at += 1) {
        const place = start + (before[from + at] as number);
        if (!walk(part.parts[at] as Part, child[from + at] as number, place, visit)) return false;
      }
      return true;
    };
    return { count: all.count, weight: all.weight, runs: (visit) => void walk(all, root, 0, visit) };
  };
}

/** Letters in this order, anything between them. */
export function lettersMatcher(letters: string): Matcher {
  return {
    start: 0,
    step: (state, part) => {
      let wanted = state;
      for (let at = 0; at < part.length && wanted < letters.length; at += 1) {
        if (part.charCodeAt(at) === letters.charCodeAt(wanted)) wanted += 1;
      }
      return wanted;
    },
    isMet: (state) => state === letters.length,
    fits: (state) => state === letters.length,
  };
}

/** Words that a name must contain, all of them, unless the kind of its end is let through without. */
export interface WordsWanted {
  /** In lower case. */
  readonly words: readonly string[];
  readonly kinds: ((kind: number) => boolean) | null;
}

/** Names that meet every wish. */
export function wordsMatcher(wanted: readonly WordsWanted[]): Matcher {
  const words = wanted.flatMap(({ words: each }) => each).map(wordSteps);
  const states: (readonly number[])[] = [];
  const ids = new Map<string, number>();
  const idOf = (state: readonly number[]) => {
    const key = state.join();
    const id = ids.get(key) ?? states.push(state) - 1;
    ids.set(key, id);
    return id;
  };
  const isSeen = (state: number, word: number) => states[state]?.[word] === words[word]?.length;
  const met: boolean[] = [];
  let next = 0;
  const groups = wanted.map(({ words: { length }, kinds }) => {
    const from = next;
    next += length;
    return { at: Array.from({ length }, (_, at) => from + at), kinds };
  });
  /** Without words, names do not count. */
  const isNamed = ({ at }: { readonly at: readonly number[] }, state: number) =>
    at.length > 0 && at.every((word) => isSeen(state, word));
  return {
    start: idOf(words.map(() => 0)),
    step: (state, part) => idOf(words.map((word, at) => word.step(states[state]?.[at] ?? 0, part))),
    isMet: (state) => {
      const known = met[state] ?? groups.every((group) => isNamed(group, state));
      met[state] = known;
      return known;
    },
    fits: (state, kind) => groups.every((group) => group.kinds?.(kind) === true || isNamed(group, state)),
  };
}

/** A word as steps of Knuth, Morris and Pratt: how many of its letters have been seen; all of them once it was found. */
function wordSteps(word: string) {
  const { length } = word;
  const back = new Uint16Array(length + 1);
  for (let at = 1, same = 0; at < length; at += 1) {
    while (same > 0 && word.charCodeAt(at) !== word.charCodeAt(same)) same = back[same] as number;
    if (word.charCodeAt(at) === word.charCodeAt(same)) same += 1;
    back[at + 1] = same;
  }
  return {
    length,
    step: (state: number, part: string): number => {
      let seen = state;
      for (let at = 0; at < part.length && seen < length; at += 1) {
        const code = part.charCodeAt(at);
        while (seen > 0 && code !== word.charCodeAt(seen)) seen = back[seen] as number;
        if (code === word.charCodeAt(seen)) seen += 1;
      }
      return seen;
    },
  };
}

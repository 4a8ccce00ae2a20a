import { tensorPlace } from './tensor-place.ts';
import type { LayerGroup } from './types.ts';

type Named = Pick<LayerGroup, 'prefix' | 'index'>;

/** The list of layers that a group stands in: `model.layers` of `model.layers.0.mlp`. */
export function stackOf({ prefix }: Named): string {
  return tensorPlace(prefix).stack;
}

/** What to call each list of layers: null where there is only one, else the shortest start that tells them apart. */
export function stackNames(groups: readonly Named[]): ReadonlyMap<string, string | null> {
  const stacks = [...new Set(groups.map(stackOf))];
  if (stacks.length < 2) return new Map(stacks.map((stack) => [stack, null]));
  const firsts = stacks.map((stack) => stack.split('.', 1)[0] ?? stack);
  const short = new Set(firsts).size === stacks.length && !firsts.includes('');
  return new Map(stacks.map((stack, at) => [stack, short ? (firsts[at] ?? stack) : stack || 'no list of layers']));
}

/** `layer 1`, `layers 0–30 and 32 of thinker`; a group outside numbered layers by its prefix. */
export function nameLayers(groups: readonly Named[], stack: string | null): string {
  const loose = groups.flatMap(({ prefix, index }) => (index === null ? [prefix] : []));
  const numbers = groups.flatMap(({ index }) => index ?? []);
  const runs = runsOf(numbers);
  const texts = runs.map(([start, end]) => (start === end ? String(start) : `${start}–${end}`));
  const layers = numbers.length === 0 ? [] : [`${numbers.length === 1 ? 'layer' : 'layers'} ${list(texts)}`];
  const of = stack === null || numbers.length === 0 ? '' : ` of ${stack}`;
  return `${list([...layers, ...loose])}${of}`;
}

/** Sorted runs of numbers that follow each other, both ends counted. */
function runsOf(numbers: readonly number[]): (readonly [number, number])[] {
  const out: [number, number][] = [];
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = out.at(-1);
    if (last && last[1] + 1 === number) last[1] = number;
    else out.push([number, number]);
  }
  return out;
}

function list(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

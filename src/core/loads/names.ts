import type { Shape } from '../safetensors/types.ts';

/** Two shapes, equal dim by dim. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, at) => dim === b[at]);
}

/** Order of names with numbers as numbers, as transformers sorts them: 2 before 10, numbers before words. */
export function sortNames(names: Iterable<string>): string[] {
  return [...new Set(names)].sort((a, b) => COLLATOR.compare(a, b) || (a < b ? -1 : 1));
}

const COLLATOR = new Intl.Collator('en', { numeric: true });

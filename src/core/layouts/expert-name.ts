import type { PartStyle } from './dialect-rows.ts';
import { DIALECTS, isBareStem, type Spelling, spellingsOf } from './dialects.ts';
import { parsePart } from './parts.ts';

/** What the end of an expert tensor's name says. */
export interface ExpertTail {
  /** Below the group's prefix, `{i}` for the number: `experts.{i}.gate_proj`, `experts.gate_up_proj`. */
  readonly stem: string;
  /** The whole of it below the prefix: `experts.{i}.gate_proj.weight`. */
  readonly key: string;
  readonly part: string;
  readonly style: PartStyle;
}

/** An expert tensor's name below its layer. */
export interface ExpertName {
  readonly tail: ExpertTail;
  /** Segments before the stem: `mlp`; `''` for none. */
  readonly container: string;
  /** The number's digits as they stand, and where; null in stacked tensors. */
  readonly number: { readonly digits: string; readonly at: number } | null;
  /** True where the name alone does not tell it from a dense MLP's: the shape must. */
  readonly bare: boolean;
}

/** Real checkpoints have fewer than a hundred templates of names; the limit keeps hostile names from being held twice. */
const LIMIT_REMEMBERED = 4096;

/** Reads names below a layer as the rows of the dialects spell them; null for a name that no row has. */
export type ExpertNameParser = (rest: string) => ExpertName | null;

type Parsed = Omit<ExpertName, 'number'>;

/** A parser that takes each template of names apart once: checkpoints repeat a few half a million times. */
export function createExpertNameParser(): ExpertNameParser {
  const known = new Map<string, Parsed | null>();
  const read = (template: string): Parsed | null => {
    const hit = known.get(template);
    if (hit !== undefined) return hit;
    const parsed = parseTemplate(template);
    if (known.size < LIMIT_REMEMBERED) known.set(template, parsed);
    return parsed;
  };
  return (rest) => {
    if (rest.includes('{') || rest.startsWith('.')) return null;
    for (const { digits, at } of numbersIn(rest)) {
      const parsed = read(`${rest.slice(0, at)}{i}${rest.slice(at + digits.length)}`);
      if (parsed) return { ...parsed, number: { digits, at } };
    }
    const parsed = read(rest);
    return parsed && { ...parsed, number: null };
  };
}

/** Numbers that are a segment of a name, or end one after a word: `3`, `expert_3`. */
const NUMBER = /(?<=^|\.)(?:[a-z]+_)?(\d+)(?=\.|$)/g;

function numbersIn(rest: string): { readonly digits: string; readonly at: number }[] {
  return Array.from(rest.matchAll(NUMBER), (match) => {
    const digits = match[1] ?? '';
    return { digits, at: match.index + match[0].length - digits.length };
  });
}

/** Every spelling of every row, the longest first: `experts.{i}.gate_up_proj` before `experts.{i}.gate`. */
const SPELLINGS: readonly Spelling[] = [
  ...new Map(DIALECTS.flatMap((row) => spellingsOf(row).map((each) => [each.stem, each] as const))).values(),
].sort((a, b) => b.stem.length - a.stem.length);

function parseTemplate(template: string): Parsed | null {
  for (const spelling of SPELLINGS) {
    const { stem } = spelling;
    const at = stemAt(template, stem);
    if (at === -1) continue;
    const end = template.slice(at + stem.length);
    const parsed = parsePart(end);
    if (!parsed || (parsed.style === 'underscore' && !mayLackSuffix(spelling))) continue;
    const container = template.slice(0, Math.max(at - 1, 0));
    const bare = isBareStem(stem);
    if (container.includes('{i}') || stem.includes('{i}') !== template.includes('{i}')) continue;
    if (bare && (container.includes('.') || hasExpertSegment(container))) continue;
    const style = spelling.numberLast ? spelling.style : parsed.style;
    return { tail: { stem, key: stem + end, part: parsed.part, style }, container, bare };
  }
  return null;
}

/** Where a stem stands as whole segments; -1 where it does not. */
function stemAt(template: string, stem: string): number {
  for (let at = template.indexOf(stem); at !== -1; at = template.indexOf(stem, at + 1)) {
    if (at === 0 || template[at - 1] === '.') return at;
  }
  return -1;
}

/** A matrix of its own has `.weight`, but where a list of parameters numbers it; a bare stem has it always. */
function mayLackSuffix({ stem, numberLast }: Spelling): boolean {
  return numberLast || !(stem.includes('{i}') || isBareStem(stem));
}

/** First segments of stems that represent experts and for nothing else: `experts`, `switch_mlp`. */
const EXPERT_SEGMENTS: ReadonlySet<string> = new Set(
  SPELLINGS.filter(({ stem }) => !isBareStem(stem))
    .map(({ stem }) => stem.slice(0, stem.indexOf('.')))
    .filter((segment) => segment !== 'moe'),
);

/** The place of the first segment of a name that represents experts; -1 where there is none. */
export function expertSegmentAt(rest: string): number {
  let at = 0;
  for (const segment of rest.split('.')) {
    if (EXPERT_SEGMENTS.has(segment)) return at;
    at += segment.length + 1;
  }
  return -1;
}

function hasExpertSegment(container: string): boolean {
  return expertSegmentAt(container) !== -1;
}

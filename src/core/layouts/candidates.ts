import type { Bucket, Kind } from './bucket.ts';
import { canonicalStem, DIALECTS, type DialectSpec } from './dialects.ts';

/** Dialects that a bucket's names, and the ranks of its tensors, fit; or why there are none. */
export type Candidates =
  | {
      readonly candidates: readonly DialectSpec[];
      readonly kinds: readonly Kind[];
      readonly stems: ReadonlySet<string>;
    }
  | { readonly reason: string; readonly mixed?: true };

/** Rows of the table whose stems, style and ranks are a bucket's, in the table's order. */
export function candidatesFor(bucket: Bucket): Candidates {
  const kinds = [...bucket.kinds.values()];
  const stems = new Set(kinds.map((kind) => canonicalStem(kind.stem)));
  if (stems.size === 0)
    return { reason: `${bucket.leftovers[0] ?? bucket.prefix} is not a known name of an expert’s tensor.` };
  const near = DIALECTS.filter((spec) => fits(spec, stems, bucket.prefix));
  if (near.length === 0) return mixedOrUnknown(stems);
  const styles = new Set(kinds.filter((kind) => kind.part === 'weight').map((kind) => kind.style));
  if (styles.size > 1) return { reason: 'Some projections have `.weight` in their names and some have not.' };
  const [style] = styles.size === 1 ? styles : kinds.map((kind) => kind.style);
  const blocks = kinds.some((kind) => kind.part === 'blocks');
  const inStyle = near.filter((spec) => spec.style === style);
  const packed = inStyle.filter((spec) => (spec.blocks === true) === blocks);
  const styled = packed.length > 0 ? packed : inStyle;
  if (styled.length === 0) return { reason: `No layout writes ${kinds[0]?.template ?? 'these names'}.` };
  const ranks = new Set(kinds.filter(isMatrix).map(({ shape }) => shape.length));
  const candidates = styled.filter((spec) => rankFits(spec, ranks));
  if (candidates.length > 0) return { candidates, kinds, stems };
  const shapes = kinds.filter(isMatrix).map(({ template, shape }) => `${template} [${shape.join(', ')}]`);
  return { reason: `No layout has these shapes together: ${shapes.join(', ')}.` };
}

function isMatrix({ part }: Kind): boolean {
  return part === 'weight' || part === 'weight_packed' || part === 'qweight';
}

/** One matrix for all experts has two dims, a stack of matrices three; where nothing is a plain matrix, any may be. */
function rankFits({ family }: DialectSpec, ranks: ReadonlySet<number>): boolean {
  if (family === 'per-expert' || ranks.size === 0) return true;
  return ranks.size === 1 && ranks.has(2) === (family === 'flat');
}

/** A row that is bound to a container is not read elsewhere, and none else is read there. */
function fits(spec: DialectSpec, stems: ReadonlySet<string>, prefix: string): boolean {
  const own = new Set(Object.values(spec.stems));
  if (![...stems].every((stem) => own.has(stem))) return false;
  const bound = DIALECTS.filter(({ container, stems }) => container !== undefined && sameStems(stems, spec.stems));
  const here = bound.find(({ container }) => prefix === container || prefix.endsWith(`.${container}`));
  return spec.family === 'flat' ? true : (here?.container ?? undefined) === spec.container;
}

function sameStems(a: DialectSpec['stems'], b: DialectSpec['stems']): boolean {
  return Object.values(a).join() === Object.values(b).join();
}

function mixedOrUnknown(stems: ReadonlySet<string>): Candidates {
  const complete = DIALECTS.filter((spec) => Object.values(spec.stems).every((stem) => stems.has(stem)));
  const names = [...new Set(complete.map((spec) => Object.values(spec.stems).join(', ')))];
  if (names.length > 1)
    return { reason: `The layer holds its experts in several layouts at once: ${names.join('; ')}.`, mixed: true };
  const apart = [...stems].some((stem) => stem.includes('{i}'));
  const stacked = [...stems].some((stem) => !stem.includes('{i}'));
  if (apart && stacked) return { reason: 'Some experts are stored apart and some stacked.', mixed: true };
  return { reason: `No layout has these names together: ${[...stems].join(', ')}.` };
}

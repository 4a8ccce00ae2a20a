import {
  DIALECT_ROWS,
  type Dialect,
  type DialectRow,
  type PartStyle,
  type Stems,
  type StoredProjection,
} from './dialect-rows.ts';
import type { Assumption, ExpertLayout, Orientation } from './types.ts';

/** A row of the table with its id. */
export interface DialectSpec extends Omit<DialectRow, 'dialect'> {
  readonly dialect: Dialect;
}

/** Every known dialect. */
export const DIALECTS: readonly DialectSpec[] = DIALECT_ROWS;

/**
 * The id of a layout, such as `gate-up/plain`, as messages, JSON and `--assume` write it.
 *
 * @example
 * ```ts
 * import { detectLayout, layoutId, openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const { groups } = detectLayout(await openCheckpoint(await openFolder('model')));
 * console.log(layoutId(groups[0].layout)); // → per-expert/projections
 * ```
 */
export function layoutId({ family, dialect }: Pick<ExpertLayout, 'family' | 'dialect'>): string {
  return `${family}/${dialect}`;
}

const BY_ID: ReadonlyMap<string, DialectSpec> = new Map(DIALECTS.map((row) => [layoutId(row), row]));

/** The row of a layout; undefined for `unknown`. */
export function dialectOf(layout: ExpertLayout | null): DialectSpec | undefined {
  return layout ? BY_ID.get(layoutId(layout)) : undefined;
}

/** The layout of an id such as `gate-up/w13`; null when there is no such dialect. */
export function layoutOf(id: string): ExpertLayout | null {
  const row = BY_ID.get(id);
  return row ? { family: row.family, dialect: row.dialect } : null;
}

/** What a reader states of how experts are stored: `in-out`, `out-in`, or a layout's id. Null for other texts. */
export function readingOf(text: string): Pick<Assumption, 'orientation' | 'layout'> | null {
  if (text === 'in-out' || text === 'out-in') return { orientation: text };
  const layout = layoutOf(text);
  return layout && { layout };
}

/** What is assumed of experts once their MXFP4 blocks are unpacked: the layout that they then have. */
export function unpackedAssumption(assume: Assumption | undefined): Assumption | undefined {
  const id = assume?.layout && dialectOf(assume.layout)?.unpacked;
  const layout = id === undefined ? null : layoutOf(id);
  return layout ? { ...assume, layout } : assume;
}

/** How the weights of a stored projection lie in a dialect's tensors. */
export function orientationOf(row: DialectRow, projection: StoredProjection): Exclude<Orientation, 'ambiguous'> {
  return projection === 'down' ? (row.downOrientation ?? row.orientation) : row.orientation;
}

/** A stem as a checkpoint may spell it. */
export interface Spelling {
  /** As it is written in names, `{i}` for the expert's number. */
  readonly stem: string;
  /** The dialect's own stem, which means the same. */
  readonly canonical: string;
  /** True where the number stands last: the weight may then have a suffix or none, `experts.w1.3.weight`, `experts.w1.3`. */
  readonly numberLast: boolean;
  readonly style: PartStyle;
}

const APART = 'experts.{i}.';

/** All spellings of a row's stems: its own, the others that it lists, and with the number last. */
export function spellingsOf(row: DialectRow): readonly Spelling[] {
  return Object.entries(row.stems).flatMap(([projection, canonical]): Spelling[] => {
    const others = (row.also ?? []).flatMap((stems: Stems) => stems[projection as StoredProjection] ?? []);
    const stems = [canonical, ...others];
    const last = stems
      .filter((stem) => stem.startsWith(APART))
      .map((stem) => `experts.${stem.slice(APART.length)}.{i}`);
    return [
      ...stems.map((stem) => ({ stem, canonical, numberLast: stem.endsWith('{i}'), style: row.style })),
      ...last.map((stem) => ({ stem, canonical, numberLast: true, style: row.style })),
    ];
  });
}

const CANONICAL: ReadonlyMap<string, string> = new Map(
  DIALECTS.flatMap((row) => spellingsOf(row).map(({ stem, canonical }) => [stem, canonical] as const)),
);

/** One spelling for stems that mean the same. */
export function canonicalStem(stem: string): string {
  return CANONICAL.get(stem) ?? stem;
}

/** True for stems without a segment that says experts: `gate_proj`. Only a tensor's shape tells them from a dense MLP's. */
export function isBareStem(stem: string): boolean {
  return !stem.includes('.');
}

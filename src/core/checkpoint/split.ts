import type { ShardIndex } from '../safetensors/types.ts';
import type { FileEntry } from '../source/types.ts';
import { plural } from '../units.ts';
import { staleIndex } from './cross-check.ts';
import { type Listing, otherSeries } from './listing.ts';
import { finding } from './make-finding.ts';
import { seriesOf } from './series.ts';
import { type Knowledge, rankFiles } from './slices.ts';
import type { Finding } from './types.ts';

/** What is said where the index was left aside as asked. */
export function ignoredIndex(index: string): Finding {
  return finding('index-ignored', `${index} was left aside, and the shards were read without it.`, { file: index });
}

/** An index that speaks of files that are not here, while others are that make a whole. */
export function staleSplit(listing: Listing, value: ShardIndex | 'unread' | null): Finding | null {
  if (listing.index === null || value === null || value === 'unread') return null;
  const present = new Set(listing.files.map(({ name }) => name));
  const named = new Set(value.weightMap.values());
  const gone = [...named].filter((file) => !present.has(file));
  const [first] = gone;
  if (first === undefined) return null;
  const whole = otherSeries(listing.files, named);
  const others = gone.length === named.size ? listing.shards.filter((file) => !named.has(file)) : [];
  const here = whole ?? others;
  if (here.length === 0) return null;
  const which = `${here[0]}${here.length > 1 ? ` … ${here.at(-1)}` : ''}`;
  const lie = whole
    ? `a complete series of ${here.length} lies here (${which})`
    : `${which} ${here.length > 1 ? 'lie' : 'lies'} here`;
  const missing =
    gone.length === named.size
      ? named.size === 1
        ? 'it is'
        : 'all are'
      : `${gone.length} ${gone.length === 1 ? 'is' : 'are'}`;
  const how = `it is of another split, ${plural(named.size, 'shard')} such as ${first}, of which ${missing} missing, and ${lie}`;
  return staleIndex(listing.index, how);
}

/** The shards that an index names; where ranks saved them, those of all ranks. */
export function withRankFiles(
  named: readonly string[],
  files: readonly FileEntry[],
  formats: Knowledge['sliceFormats'],
): readonly string[] {
  if (rankFiles(named, formats).length === 0) return named;
  const root = files.map(({ name }) => name).filter((name) => !name.includes('/'));
  return [...new Set([...named, ...rankFiles(root, formats)])].sort();
}

/** So many headers of files that an index leaves out are read: two ranks that hold the same names show it. */
const LIMIT_BESIDE = 8;

/**
 * Files that an index leaves out though their names count on from those that it names: they may be the slices of further
 * ranks, whose names an index of one rank has already. The first {@link LIMIT_BESIDE}.
 */
export function leftOutOfSeries(named: readonly string[], files: readonly FileEntry[]): readonly string[] {
  const root = files.map(({ name }) => name).filter((name) => !name.includes('/') && name.endsWith('.safetensors'));
  const known = new Set(named);
  if (root.every((name) => known.has(name))) return [];
  const series = seriesOf(root).filter((each) => each.files.some((file) => known.has(file)));
  return series.flatMap((each) => each.files.filter((file) => !known.has(file))).slice(0, LIMIT_BESIDE);
}

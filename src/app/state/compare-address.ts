import { STATUSES } from '../../core/index.ts';

/** Which pairs a comparison lists: all, what differs in meaning, or those of one status. */
export const COMPARE_SHOWS = ['all', 'differences', ...STATUSES] as const;
export type CompareShows = (typeof COMPARE_SHOWS)[number];

/** What the open checkpoint is compared with, as part of the address. */
export interface CompareAddress {
  /**
   * A repo as the source box takes it, `sample:` and a sample's id, `job:` and a conversion in the browser storage, or
   * `local:` and the name of files that were open here. Null for nothing.
   */
  readonly with: string | null;
  readonly show: CompareShows;
  /** What is compared: the weights, or what one layer's block makes of inputs. */
  readonly part: 'weights' | 'block';
  /** Keys of the rows of the list that are open; null as long as nobody opened or closed one. */
  readonly open: 'all' | readonly string[] | null;
}

export const NO_COMPARISON: CompareAddress = { with: null, show: 'all', part: 'weights', open: null };

/** Longer values were not written by this app. */
const LIMIT_TEXT = 512;
/** So many open rows fit into an address that people can still send. */
export const LIMIT_OPEN = 32;
const FITS =
  /^(?:local:[^\p{C}]+|job:[A-Za-z0-9_][\w.-]{0,127}|sample:[a-z0-9][a-z0-9.-]*|(?!local:|job:|sample:)[\w./@:%+-]+)$/u;

/** Reads the parts that {@link writeCompare} wrote; what makes no sense is left out. */
export function parseCompare(query: URLSearchParams): CompareAddress {
  const text = query.get('with')?.trim() ?? '';
  const show = query.get('show');
  return {
    with: text.length <= LIMIT_TEXT && FITS.test(text) ? text : null,
    show: COMPARE_SHOWS.find((known) => known === show) ?? 'all',
    part: query.get('part') === 'block' ? 'block' : 'weights',
    open: parseOpen(query.getAll('open')),
  };
}

/** `*` opens all rows, an empty word none. */
function parseOpen(words: readonly string[]): CompareAddress['open'] {
  if (words.includes('*')) return 'all';
  const keys = words.filter((key) => key.length <= LIMIT_TEXT && /^[^\p{C}]+$/u.test(key));
  if (keys.length === 0) return words.includes('') ? [] : null;
  return [...new Set(keys)].slice(0, LIMIT_OPEN);
}

/** Writes what differs from {@link NO_COMPARISON}. */
export function writeCompare(query: URLSearchParams, { with: other, show, part, open }: CompareAddress): void {
  if (other !== null) query.set('with', other);
  if (show !== 'all') query.set('show', show);
  if (part !== 'weights') query.set('part', part);
  if (open === 'all') query.set('open', '*');
  else for (const key of open?.length === 0 ? [''] : (open ?? [])) query.append('open', key);
}

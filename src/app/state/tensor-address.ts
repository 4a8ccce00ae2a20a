import { formatLayers, parseLayers } from './number-runs.ts';

/** The shapes in which tensors are listed. */
export const LISTINGS = ['table', 'tree'] as const;
export type Listing = (typeof LISTINGS)[number];
export const SEARCH_MODES = ['substring', 'regex', 'fuzzy'] as const;
export type SearchMode = (typeof SEARCH_MODES)[number];
export const SORT_COLUMNS = ['name', 'role', 'dtype', 'shape', 'bytes', 'file', 'start'] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];

/** What the Tensors view shows, as part of the address. A tensor must fit every filter, by any of its values; an empty filter fits all. */
export interface TensorAddress {
  readonly text: string;
  readonly mode: SearchMode;
  readonly sort: SortColumn;
  readonly descending: boolean;
  readonly listing: Listing;
  /** Roles by their ids; who shows them checks that they exist. */
  readonly roles: readonly string[];
  readonly dtypes: readonly string[];
  readonly layers: readonly number[];
  readonly experts: readonly number[];
  readonly shards: readonly string[];
  /** The tensor whose details are open. */
  readonly chosen: string | null;
}

/** Nothing is left out, nothing is chosen. */
export const ALL_TENSORS: TensorAddress = {
  text: '',
  mode: 'substring',
  sort: 'name',
  descending: false,
  listing: 'table',
  roles: [],
  dtypes: [],
  layers: [],
  experts: [],
  shards: [],
  chosen: null,
};

/** Longer values were not written by this app. */
const LIMIT_TEXT = 512;
const LIMIT_VALUES = 64;

/** Reads the parts that {@link writeTensors} wrote; what makes no sense is left out. */
export function parseTensors(query: URLSearchParams): TensorAddress {
  const text = (key: string) => {
    const value = query.get(key) ?? '';
    return value.length <= LIMIT_TEXT && !/\p{Cc}/u.test(value) ? value : '';
  };
  const sort = /^(-?)(.*)$/.exec(query.get('sort') ?? '');
  const column = SORT_COLUMNS.find((known) => known === sort?.[2]);
  return {
    text: text('q').trim(),
    mode: SEARCH_MODES.find((known) => known === query.get('mode')) ?? 'substring',
    sort: column ?? 'name',
    descending: column !== undefined && sort?.[1] === '-',
    listing: LISTINGS.find((known) => known === query.get('as')) ?? 'table',
    roles: values(query, 'role', /^[a-z-]{1,32}$/),
    dtypes: values(query, 'dtype', /^[A-Z][A-Z0-9_]{0,15}$/),
    layers: parseLayers(query.get('in-layers')),
    experts: parseLayers(query.get('in-experts')),
    shards: values(query, 'shard', /^[^\p{C}\\?#:]+$/u),
    chosen: text('tensor') || null,
  };
}

function values(query: URLSearchParams, key: string, fits: RegExp): readonly string[] {
  const found = query.getAll(key).filter((value) => value.length <= LIMIT_TEXT && fits.test(value));
  return [...new Set(found)].slice(0, LIMIT_VALUES);
}

/** Writes what differs from {@link ALL_TENSORS}. */
export function writeTensors(query: URLSearchParams, tensors: TensorAddress): void {
  const { text, mode, sort, descending, listing, roles, dtypes, layers, experts, shards, chosen } = tensors;
  if (listing !== 'table') query.set('as', listing);
  if (text !== '') query.set('q', text);
  if (mode !== 'substring') query.set('mode', mode);
  if (sort !== 'name' || descending) query.set('sort', `${descending ? '-' : ''}${sort}`);
  for (const role of roles) query.append('role', role);
  for (const dtype of dtypes) query.append('dtype', dtype);
  if (layers.length > 0) query.set('in-layers', formatLayers(layers));
  if (experts.length > 0) query.set('in-experts', formatLayers(experts));
  for (const shard of shards) query.append('shard', shard);
  if (chosen !== null) query.set('tensor', chosen);
}

/** A point of a grid, in rows and columns from its first cell, or in rows and bytes where rows are files. */
export interface Spot {
  readonly row: number;
  readonly column: number;
}

export const PAIR_COLOURS = ['layout', 'status'] as const;
/** What the two maps of a comparison are coloured by: how each side stores its experts, or the result for each pair. */
export type PairColour = (typeof PAIR_COLOURS)[number];

/** What stands beside the experts of a layer. */
export const BESIDE_NAMES = ['router', 'shared', 'attention'] as const;
export type BesideName = (typeof BESIDE_NAMES)[number];

/** Sections of the panel beside a placement, in their order. */
export const RANK_PARTS = ['warnings', 'rank', 'mesh', 'communication', 'plan', 'export'] as const;
export type RankPart = (typeof RANK_PARTS)[number];

/** Which part of one checkpoint is in sight, as part of the address. Each spot is in the middle of the view; null at the start. */
export interface PlaceAddress {
  /** How many times larger the map's cells are than when the whole map fits. */
  readonly zoom: number;
  readonly at: Spot | null;
  /** How many times wider the strips of files are than when the longest file fits. */
  readonly stripZoom: number;
  readonly stripAt: Spot | null;
  /** The tensor that the cursor of the strips is on, by its place in the order of files and bytes. */
  readonly strip: number | null;
  /** What the pin is on when it is not on an expert. */
  readonly beside: BesideName | null;
  /** Of the grid of experts by rank, and of the list of ranks below it. */
  readonly ranksAt: Spot | null;
  readonly rankListAt: Spot | null;
  /** The pinned rank. */
  readonly rank: number | null;
  /** Sections beside the placement that are open; null while the usual ones are. */
  readonly rankParts: readonly RankPart[] | null;
  /** Whether the drawing of a rank's reads is open; null when the height of the window decides. */
  readonly readsShown: boolean | null;
  /** Of the maps, and of the list below them. */
  readonly pairAt: Spot | null;
  readonly pairsAt: Spot | null;
  readonly pairColour: PairColour;
}

/** The start of every view. */
export const NO_PLACE: PlaceAddress = {
  zoom: 1,
  at: null,
  stripZoom: 1,
  stripAt: null,
  strip: null,
  beside: null,
  ranksAt: null,
  rankListAt: null,
  rank: null,
  rankParts: null,
  readsShown: null,
  pairAt: null,
  pairsAt: null,
  pairColour: 'layout',
};

/** No view shows anything larger; more is a mistake. */
const MOST_ZOOM = 16_384;
const SPOTS = {
  at: 'at',
  stripAt: 'strip-at',
  ranksAt: 'ranks-at',
  rankListAt: 'rank-list-at',
  pairAt: 'pair-at',
  pairsAt: 'pairs-at',
} as const;
type SpotName = keyof typeof SPOTS;
const SPOT_NAMES = Object.keys(SPOTS) as SpotName[];

/** Reads the parts that {@link writePlace} wrote; what makes no sense is left out. */
export function parsePlace(query: URLSearchParams): PlaceAddress {
  const number = (key: string) => (/^\d{1,7}$/.test(query.get(key) ?? '') ? Number(query.get(key)) : null);
  const spots = Object.fromEntries(SPOT_NAMES.map((name) => [name, parseSpot(query.get(SPOTS[name]))]));
  const reads = query.get('reads');
  return {
    ...(spots as Record<SpotName, Spot | null>),
    zoom: parseZoom(query.get('zoom')),
    stripZoom: parseZoom(query.get('strip-zoom')),
    strip: number('strip'),
    beside: BESIDE_NAMES.find((known) => known === query.get('beside')) ?? null,
    rank: number('rank'),
    rankParts: parseParts(query.get('rank-parts')),
    readsShown: reads === 'open' ? true : reads === 'closed' ? false : null,
    pairColour: PAIR_COLOURS.find((known) => known === query.get('pair-colour')) ?? 'layout',
  };
}

/** Writes what differs from {@link NO_PLACE}. */
export function writePlace(query: URLSearchParams, place: PlaceAddress): void {
  const { zoom, stripZoom, strip, beside, rank, rankParts, readsShown, pairColour } = place;
  if (zoom !== 1) query.set('zoom', formatDecimals(zoom, 3));
  if (stripZoom !== 1) query.set('strip-zoom', formatDecimals(stripZoom, 3));
  for (const name of SPOT_NAMES) {
    const spot = place[name];
    if (spot) query.set(SPOTS[name], `${formatDecimals(spot.row, 2)},${formatDecimals(spot.column, 2)}`);
  }
  if (strip !== null) query.set('strip', String(strip));
  if (beside !== null) query.set('beside', beside);
  if (rank !== null) query.set('rank', String(rank));
  if (rankParts !== null) query.set('rank-parts', rankParts.join('.'));
  if (readsShown !== null) query.set('reads', readsShown ? 'open' : 'closed');
  if (pairColour !== 'layout') query.set('pair-colour', pairColour);
}

/** A spot as the address gives it back: to a hundredth of a cell. */
export function rounded({ row, column }: Spot): Spot {
  return { row: Number(formatDecimals(row, 2)), column: Number(formatDecimals(column, 2)) };
}

function formatDecimals(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

function parseZoom(value: string | null): number {
  const zoom = /^\d{1,5}(\.\d{1,3})?$/.test(value ?? '') ? Number(value) : 1;
  return zoom >= 1 && zoom <= MOST_ZOOM ? zoom : 1;
}

/** Known sections in their order; an empty text closes them all. */
function parseParts(value: string | null): RankPart[] | null {
  if (value === null) return null;
  const named = value.split('.');
  const open = RANK_PARTS.filter((part) => named.includes(part));
  return value !== '' && open.length === 0 ? null : open;
}

function parseSpot(value: string | null): Spot | null {
  const [, row, column] = /^(\d{1,7}(?:\.\d{1,2})?),(\d{1,15}(?:\.\d{1,2})?)$/.exec(value ?? '') ?? [];
  if (row === undefined || column === undefined) return null;
  return rounded({ row: Number(row), column: Number(column) });
}

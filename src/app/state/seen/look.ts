export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
/** What cells show: how an expert's matrices are stored, their files, their dtype, their bytes, the rank that holds them. */
export const COLOURS = ['layout', 'shard', 'dtype', 'bytes', 'rank'] as const;
export type Colour = (typeof COLOURS)[number];
export const SHAPES = ['grid', 'files', 'table'] as const;
export type MapShape = (typeof SHAPES)[number];

/** How every checkpoint is drawn, as part of the address. This browser remembers the last choice for addresses that say nothing. */
export interface Look {
  readonly theme: Theme;
  readonly colour: Colour;
  readonly shape: MapShape;
  /** Whether the map draws one layer below its cells. */
  readonly layerShown: boolean;
}

/** What an address without a word means where this browser remembers nothing. */
export const PLAIN_LOOK: Look = { theme: 'system', colour: 'layout', shape: 'grid', layerShown: true };

/** Reads the parts that {@link writeLook} wrote; a part that is missing or unknown is taken from `silent`. */
export function parseLook(query: URLSearchParams, silent: Look): Look {
  const one = <T extends string>(key: string, known: readonly T[], otherwise: T): T =>
    known.find((each) => each === query.get(key)) ?? otherwise;
  const layer = one('layer-drawing', ['open', 'closed'], silent.layerShown ? 'open' : 'closed');
  return {
    theme: one('theme', THEMES, silent.theme),
    colour: one('colour', COLOURS, silent.colour),
    shape: one('shape', SHAPES, silent.shape),
    layerShown: layer === 'open',
  };
}

/**
 * Writes what differs from {@link PLAIN_LOOK}. With `whole` it also writes what does not, except the theme: then the
 * reader's own remembered choices do not change what the link shows.
 */
export function writeLook(query: URLSearchParams, look: Look, whole: boolean): void {
  if (look.theme !== PLAIN_LOOK.theme) query.set('theme', look.theme);
  if (whole || look.colour !== PLAIN_LOOK.colour) query.set('colour', look.colour);
  if (whole || look.shape !== PLAIN_LOOK.shape) query.set('shape', look.shape);
  if (whole || !look.layerShown) query.set('layer-drawing', look.layerShown ? 'open' : 'closed');
}

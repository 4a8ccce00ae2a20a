/**
 * What `moe-loom open` and the page that it serves say to each other: the command writes it, the page parses it.
 *
 * The note stands in the page itself, in `<meta name="moe-loom-served">`; files are read as those of a Hub at `/hub`.
 */
export const SERVED = {
  meta: 'moe-loom-served',
  hub: '/hub',
  conversion: '/conversion',
  stop: '/conversion/stop',
  /** The usual port: likely to be free, and easy to forward. */
  port: 7766,
} as const;

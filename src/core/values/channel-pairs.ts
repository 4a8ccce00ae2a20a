/**
 * Norms of channels that follow each other: what leads into each (the product of its gate row's and its up row's norm),
 * and what leads out of it (the norm of its down column). Both have one number a channel.
 */
export interface ChannelRun {
  readonly into: ArrayLike<number>;
  readonly outOf: ArrayLike<number>;
}

/** How well what leads into channels goes with what leads out of them. */
export interface Pairing {
  /** Rank correlation of the two, −1 to 1; ranks are taken within each run. */
  readonly correlation: number;
  /** How many standard deviations it lies above the correlations of channels with their neighbours. */
  readonly deviations: number;
  readonly channels: number;
}

/** Pairings with channels up to this far away are what a wrong pairing looks like in the same numbers. */
const FARTHEST = 8;
/** A run says something of its neighbours' pairings from this length on. */
const SHORTEST = 3 * FARTHEST;

/**
 * How well a reading pairs channels.
 *
 * Training scales all weights of a channel together: a channel that matters has large norms on both sides. Where a reading
 * takes the right rows for a channel, the norms therefore go together; where it takes others, they do not. A slow drift
 * along the channels would look alike, so the correlation is measured against those of channels with their neighbours.
 * Ranks make the answer independent of how the numbers are distributed, and no single channel decides it.
 */
export function pairingOf(runs: readonly ChannelRun[]): Pairing {
  const ranked = runs
    .filter(({ into }) => into.length >= SHORTEST)
    .map(({ into, outOf }) => [ranksOf(into), ranksOf(outOf)] as const);
  const channels = ranked.reduce((sum, [into]) => sum + into.length, 0);
  if (channels === 0) return { correlation: 0, deviations: 0, channels };
  const others: number[] = [];
  for (let shift = 1; shift <= FARTHEST; shift++)
    others.push(correlationAt(ranked, shift), correlationAt(ranked, -shift));
  const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
  const variance = others.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (others.length - 1);
  const deviation = Math.max(Math.sqrt(variance * (1 + 1 / others.length)), 1 / Math.sqrt(channels));
  const correlation = correlationAt(ranked, 0);
  return { correlation, deviations: (correlation - mean) / deviation, channels };
}

/** Ranks around their mean, equal numbers with equal ranks. */
function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, at) => at).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = new Float64Array(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    const value = values[order[from] ?? 0];
    while (to < order.length && values[order[to] ?? 0] === value) to++;
    for (let at = from; at < to; at++) ranks[order[at] ?? 0] = (from + to - 1 - (order.length - 1)) / 2;
  }
  return ranks;
}

/**
 * The correlation of channels with those `shift` after them, over all runs. Where channels share a rank it is nearer to 0
 * than it would be among themselves: else two channels that differ from all others would make a perfect correlation.
 */
function correlationAt(runs: readonly (readonly [Float64Array, Float64Array])[], shift: number): number {
  let [both, most] = [0, 0];
  for (const [into, outOf] of runs) {
    const { length } = into;
    for (let at = Math.max(0, -shift); at < length - Math.max(0, shift); at++)
      both += (into[at] ?? 0) * (outOf[at + shift] ?? 0);
    most += ((length - Math.abs(shift)) * (length ** 2 - 1)) / 12;
  }
  return most === 0 ? 0 : both / most;
}

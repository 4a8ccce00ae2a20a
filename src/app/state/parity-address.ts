/** What a layer is computed on, as part of the address. */
export interface ParityAddress {
  /** Tokens of random input, and its seed; null for the usual. */
  readonly tokens: number | null;
  readonly seed: number | null;
}

export const USUAL_PARITY: ParityAddress = { tokens: null, seed: null };
export const USUAL_TOKENS = 32;
/** More in one go would wait for minutes, and show no more. */
export const MOST_TOKENS = 4096;
const MOST_SEED = 0xffffffff;

/** Reads the parts that {@link writeParity} wrote; what makes no sense is left out. */
export function parseParity(query: URLSearchParams): ParityAddress {
  const number = (key: string, least: number, most: number) => {
    const text = query.get(key) ?? '';
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : null;
  };
  return { tokens: number('tokens', 1, MOST_TOKENS), seed: number('seed', 0, MOST_SEED) };
}

/** Writes what differs from {@link USUAL_PARITY}. */
export function writeParity(query: URLSearchParams, { tokens, seed }: ParityAddress): void {
  if (tokens !== null) query.set('tokens', String(tokens));
  if (seed !== null) query.set('seed', String(seed));
}

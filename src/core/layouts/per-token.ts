import type { Architecture } from './architecture-row.ts';
import { BLOCK_LIST, type Config, configNumber, TOP_K_KEYS, topK } from './config-keys.ts';

/** Experts that a token takes in a layer: under the architecture's own key, else under any usual one, else as its code fixes it. */
export function expertsPerToken(
  config: Config | null,
  row: Architecture | undefined,
  layer: number | null,
  prefix: string,
): number | null {
  const own = row ? configNumber(config, row.topK, layer, prefix) : null;
  return own ?? topK(config, layer, prefix) ?? row?.perToken ?? null;
}

/** The places where a config may say how many experts a token takes, in words. */
export function perTokenPlaces(): string {
  return `${TOP_K_KEYS.join(', ')}, at the top, in the text part or in ${BLOCK_LIST}`;
}

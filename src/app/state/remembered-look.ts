import { createKept } from './kept.ts';
import { type Look, PLAIN_LOOK, parseLook } from './seen/look.ts';

/** The look that the user chose last in this browser, for addresses without one. Stored values are checked first. */
export const useRememberedLook = createKept<Look>('moe-loom-choices', checked);

function checked(stored: unknown): Look {
  const value = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  const query = new URLSearchParams();
  for (const key of ['theme', 'colour', 'shape'] as const) query.set(key, String(value[key]));
  query.set('layer-drawing', value.layerShown === false ? 'closed' : 'open');
  return parseLook(query, PLAIN_LOOK);
}

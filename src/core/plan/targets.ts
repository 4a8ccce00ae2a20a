import { TARGET_ROWS } from '../layouts/target-rows.ts';
import type { Target } from './types.ts';

/** Every conversion target, with one line on who wants it. */
export const TARGETS = Object.fromEntries(
  Object.entries(TARGET_ROWS).map(([target, { title }]) => [target, title]),
) as Readonly<Record<Target, string>>;

/**
 * True for the id of a layout that a conversion can write.
 *
 * @example
 * ```ts
 * import { isTarget } from 'moe-loom/plan';
 * console.log(isTarget('stacked'), isTarget('square')); // → true false
 * ```
 */
export function isTarget(text: string): text is Target {
  return Object.hasOwn(TARGETS, text);
}

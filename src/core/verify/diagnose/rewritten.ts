import { rewriteShape } from '../../layouts/parts-shape.ts';
import { isJoined, jointOfPart } from '../../layouts/view.ts';
import type { Pair } from '../pairs.ts';

/** True for what a conversion works out anew: the shape that a packed tensor holds, of gate and up apart or together. */
export function isRewritten({ slot }: Pair): boolean {
  if (!slot || slot.projection === 'down') return false;
  const { left, right } = slot.group;
  return jointOfPart(left, slot.part) === 'rewritten' && isJoined(left, slot.part) !== isJoined(right, slot.part);
}

/** What the original's bytes must have become. */
export function rewritten({ left, slot }: Pair, bytes: Uint8Array): Uint8Array {
  if (!slot) return bytes;
  return rewriteShape(bytes, left.dtype, isJoined(slot.group.left, slot.part) ? 'split' : 'join') ?? bytes;
}

import type { FileStrips } from '../../../../../workers/inspect/file-strips.ts';
import { tensorBehind } from './geometry.ts';

/** Files that a page key passes. */
const PAGE = 10;

/** Where the cursor goes from a tensor, or from none: the place of another tensor; null where the key moves nothing. */
export function movedTo(strips: FileStrips, from: number | null, key: string): number | null {
  const held = strips.files.filter((file) => file.to > file.from);
  const row = held.findIndex((file) => from !== null && from >= file.from && from < file.to);
  const file = held[row];
  const at = (target: number): number | null => {
    const to = held[Math.min(held.length - 1, Math.max(0, target))];
    if (!to || from === null) return to?.from ?? null;
    return Math.min(to.to - 1, tensorBehind(strips, to, strips.start[from] ?? 0));
  };
  const within = (target: number) =>
    file ? Math.min(file.to - 1, Math.max(file.from, target)) : (held[0]?.from ?? null);
  switch (key) {
    case 'ArrowLeft':
      return within((from ?? 0) - 1);
    case 'ArrowRight':
      return within((from ?? -1) + 1);
    case 'Home':
      return within(file?.from ?? 0);
    case 'End':
      return within((file?.to ?? 1) - 1);
    case 'ArrowUp':
      return at(row - 1);
    case 'ArrowDown':
      return at(file ? row + 1 : 0);
    case 'PageUp':
      return at(row - PAGE);
    case 'PageDown':
      return at(row + PAGE);
    default:
      return null;
  }
}

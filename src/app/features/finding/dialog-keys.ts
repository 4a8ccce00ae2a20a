import type { DialogName } from '../../state/dialog.ts';

/** What of a key press decides. */
export interface DialogKeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** The dialog that a key opens in every view: Ctrl or ⌘ with K, also in a field, and `?` elsewhere; null for every other key. */
export function dialogOfKey({ key, ctrlKey, metaKey, altKey }: DialogKeyPress, typing: boolean): DialogName | null {
  if (altKey) return null;
  if (ctrlKey || metaKey) return key.toLowerCase() === 'k' ? 'find' : null;
  return key === '?' && !typing ? 'keys' : null;
}

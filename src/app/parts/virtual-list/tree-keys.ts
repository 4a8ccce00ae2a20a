/** What of a row decides what a key means on it. */
export interface TreeRowState {
  readonly isLeaf: boolean;
  readonly isOpen: boolean;
  /** Place of the row that holds it; -1 for none. */
  readonly parent: number;
}

/** What a key means on a row of a tree: `in` and `out` move to the first row inside, and to the row that holds this one. */
export type TreeMeaning = 'toggle' | 'in' | 'out' | 'act';

/** Right opens a row or moves into it, Left closes it or moves out, Enter and Space act; null for every other key. */
export function treeMeaning(key: string, { isLeaf, isOpen, parent }: TreeRowState): TreeMeaning | null {
  if (key === 'Enter' || key === ' ') return 'act';
  if (key === 'ArrowRight') return isLeaf ? null : isOpen ? 'in' : 'toggle';
  if (key === 'ArrowLeft') return isOpen ? 'toggle' : parent >= 0 ? 'out' : null;
  return null;
}

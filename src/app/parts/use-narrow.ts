import { useSyncExternalStore } from 'react';

/** Where tables become lists; style sheets say the same width. */
const NARROW = '(max-width: 600px)';

/** True on a screen as narrow as a phone's. */
export function useNarrow(): boolean {
  return useMedia(NARROW);
}

/** Where views are one column that scrolls as a whole; style sheets say the same width. */
const ONE_COLUMN = '(width < 1024px)';

/** True where a view is one column that scrolls as a whole. */
export function useOneColumn(): boolean {
  return useMedia(ONE_COLUMN);
}

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = matchMedia(query);
      list.addEventListener('change', listener);
      return () => list.removeEventListener('change', listener);
    },
    () => matchMedia(query).matches,
  );
}

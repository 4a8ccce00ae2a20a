import { useSyncExternalStore } from 'react';

/** Where tables become lists; style sheets say the same width. */
const NARROW = '(max-width: 600px)';

/** True on a screen as narrow as a phone's. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(NARROW).matches);
}

function subscribe(listener: () => void): () => void {
  const query = matchMedia(NARROW);
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
}

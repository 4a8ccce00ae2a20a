import { useEffect } from 'react';
import { whenIdle } from '../../../parts/when-idle.ts';
import { askForFileStrips } from '../../../queries/queries.ts';
import { useInspection } from '../../../state/inspection.ts';

/** Loads what draws the files, and their strips, while the page is idle: pressing Files then shows them at once. */
export function useFilesAhead(ready: boolean): void {
  const key = useInspection((state) => (state.status === 'open' ? state.key : null));
  useEffect(() => {
    if (!ready || key === null) return;
    return whenIdle(() => {
      askForFileStrips();
      // Pressing Files shows a failure, and a button that loads it again.
      void import('./file-strips.tsx').catch(() => undefined);
    });
  }, [ready, key]);
}

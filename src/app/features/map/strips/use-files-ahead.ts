import { useEffect } from 'react';
import { whenIdle } from '../../../parts/when-idle.ts';
import { askForFileStrips } from '../../../queries/queries.ts';
import { useInspection } from '../../../state/inspection.ts';

/** Loads the code and the data of the file strips while the page is idle, so that Files opens at once. */
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

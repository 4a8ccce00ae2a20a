import { useEffect, useRef, useState } from 'react';
import { addSample, type Pace, paceOf, type Sample } from '../../jobs/rate.ts';

const REST: Pace = { rate: null, left: null };

/** How fast bytes are compared over the last seconds, and how long the rest will take. */
export function usePace(done: number, total: number): Pace {
  const samples = useRef<readonly Sample[]>([]);
  const [pace, setPace] = useState<Pace>(REST);
  useEffect(() => {
    const now = performance.now();
    samples.current = addSample(samples.current, { at: now, done });
    setPace(paceOf(samples.current, now, total));
  }, [done, total]);
  return pace;
}

import { useEffect, useState } from 'react';

/** Often enough that a count of seconds never skips one. */
const TICK_MS = 250;

/** The time in milliseconds since the epoch, and again four times a second. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

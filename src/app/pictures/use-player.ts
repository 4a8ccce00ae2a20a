import { type RefObject, useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { FlowBrush } from './flow-view.tsx';

/** How long a layer takes from stored to written. */
const PLAY_MS = 3000;
const REDUCED = '(prefers-reduced-motion: reduce)';

/** True where the system asks for less motion. */
export function useReducedMotion(): boolean {
  return useSyncExternalStore(
    (changed) => {
      const query = matchMedia(REDUCED);
      query.addEventListener('change', changed);
      return () => query.removeEventListener('change', changed);
    },
    () => matchMedia(REDUCED).matches,
  );
}

export interface Player {
  readonly playing: boolean;
  readonly brush: RefObject<FlowBrush | null>;
  readonly play: () => void;
  readonly pause: () => void;
  /** Goes to a time from 0 to 1, and stays there. */
  readonly seek: (t: number) => void;
  readonly time: () => number;
}

/** Plays a flow from 0 to 1 and stops there. `tell` hears every time that is painted; no frame passes through React. */
export function usePlayer(tell: (t: number) => void): Player {
  const [playing, setPlaying] = useState(false);
  const brush = useRef<FlowBrush>(null);
  const now = useRef(1);
  const frame = useRef(0);
  const show = useCallback(
    (t: number) => {
      now.current = t;
      brush.current?.paint(t);
      tell(t);
    },
    [tell],
  );
  const pause = useCallback(() => {
    cancelAnimationFrame(frame.current);
    setPlaying(false);
  }, []);
  const play = useCallback(() => {
    cancelAnimationFrame(frame.current);
    setPlaying(true);
    let began: number | null = null;
    const from = now.current >= 1 ? 0 : now.current;
    const step = (at: number) => {
      began ??= at - from * PLAY_MS;
      const t = Math.min(1, (at - began) / PLAY_MS);
      show(t);
      if (t < 1) frame.current = requestAnimationFrame(step);
      else setPlaying(false);
    };
    frame.current = requestAnimationFrame(step);
  }, [show]);
  const seek = useCallback(
    (t: number) => {
      pause();
      show(t);
    },
    [pause, show],
  );
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  const time = useCallback(() => now.current, []);
  return { playing, brush, play, pause, seek, time };
}

import { useEffect, useState } from 'react';
import { late } from '../../parts/late.tsx';
import { whenIdle } from '../../parts/when-idle.ts';
import { go } from '../../state/address-store.ts';
import { useInspection } from '../../state/inspection.ts';

/** Verdicts need code and an answer of the worker that the first paint does not wait for. */
const ProgramChips = late(async () => (await import('../../checkpoint/program-chips.tsx')).ProgramChips);

/** Verdicts on more tensors take seconds: there they are found when the reader asks for them. */
const MOST_TENSORS = 100_000;
/** Milliseconds after opening in which the worker draws what the view shows. */
const DRAWING_MS = 300;

/** The line below the model's name that says whether the reader's programs load it; its height is kept from the start. */
export function ProgramLine() {
  const status = useInspection((state) => state.status);
  const tensors = useInspection((state) => state.summary?.tensors ?? 0);
  const ready = useReady(status === 'open');
  if (status !== 'opening' && status !== 'open') return null;
  return (
    <section className="program-line" aria-label="Programs">
      {status === 'open' && tensors > MOST_TENSORS ? (
        <button type="button" className="link" onClick={() => go({ view: 'loads' })}>
          See which programs load it
        </button>
      ) : (
        ready && <ProgramChips />
      )}
    </section>
  );
}

/** True a moment after a checkpoint has opened, when the page is idle. */
function useReady(open: boolean): boolean {
  const key = useInspection((state) => state.key);
  const [readyFor, setReadyFor] = useState<string | null>(null);
  useEffect(() => {
    if (!open) return;
    let forget: (() => void) | undefined;
    const timer = setTimeout(() => {
      forget = whenIdle(() => setReadyFor(key));
    }, DRAWING_MS);
    return () => {
      clearTimeout(timer);
      forget?.();
    };
  }, [open, key]);
  return open && readyFor === key;
}

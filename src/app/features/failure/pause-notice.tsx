import { formatInteger } from '../../../core/index.ts';
import { useNow } from '../../parts/use-now.ts';
import { useConversionPause } from '../../state/conversion-pause.ts';
import { cancelOpening, cancelRetry, useInspection } from '../../state/inspection.ts';
import './failure.css';

const WHY = {
  'rate-limited': 'The Hub asks for fewer requests (429).',
  network: 'Several requests in a row failed.',
  quota: 'The Hub’s quota for this address is nearly used up.',
} as const;

/** All requests wait: why, and for how long. They resume automatically. */
export function PauseNotice() {
  const converting = useConversionPause((state) => state.pause);
  const inspecting = useInspection((state) => state.pause);
  const status = useInspection((state) => state.status);
  const retrying = useInspection((state) => state.retrying);
  const pause = inspecting ?? converting;
  if (!pause) return null;
  const cancel = status === 'opening' ? cancelOpening : retrying ? cancelRetry : null;
  return (
    <section className="pause" aria-label="Pause">
      <p role="status">{WHY[pause.reason]} All requests wait, and resume automatically.</p>
      <Countdown until={pause.until} />
      {cancel && (
        <button type="button" className="button small" onClick={cancel}>
          Cancel
        </button>
      )}
    </section>
  );
}

/** Minutes and seconds until a moment, in milliseconds since the epoch. */
function Countdown({ until }: { readonly until: number }) {
  const seconds = Math.max(0, Math.ceil((until - useNow()) / 1000));
  const text = `${formatInteger(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, '0')}`;
  return (
    <span role="timer" aria-label="Resumes in" className="mono">
      {text}
    </span>
  );
}

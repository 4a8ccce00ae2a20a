import type { WireFinding } from '../../../../workers/inspect/protocol.ts';
import { isUnread, plural } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { cancelRetry, retryUnread, useInspection } from '../../state/inspection.ts';
import './failure.css';

/** Files whose sentences are shown before the rest is folded away. */
const SHOWN = 3;

/** Which files of the open checkpoint could not be read and why, and the button that reads these again. */
export function UnreadNotice() {
  const findings = useInspection((state) => state.summary?.findings);
  const complete = useInspection((state) => state.complete);
  const open = useInspection((state) => state.status === 'open');
  const unread = (findings ?? []).filter(isUnread);
  if (!complete || !open || unread.length === 0) return null;
  const rest = unread.slice(SHOWN);
  return (
    <section className="strip" aria-labelledby="unread">
      <div className="strip-head">
        <div className="strip-words" role="status">
          <h2 id="unread">{plural(unread.length, 'file')} could not be read.</h2>
          <p>
            What was read is shown; what {unread.length === 1 ? 'it holds' : 'they hold'} is missing from every view.
          </p>
        </div>
        <Retry count={unread.length} />
      </div>
      <Sentences unread={unread.slice(0, SHOWN)} />
      {rest.length > 0 && (
        <details>
          <summary>And {plural(rest.length, 'file')} more</summary>
          <Sentences unread={rest} />
        </details>
      )}
    </section>
  );
}

function Sentences({ unread }: { readonly unread: readonly WireFinding[] }) {
  return (
    <ul className="strip-list">
      {unread.map(({ file, message }) => (
        <li key={file}>
          <code>
            <Shown text={file ?? ''} />
          </code>{' '}
          <span>
            <Shown text={message} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Retry({ count }: { readonly count: number }) {
  const retrying = useInspection((state) => state.retrying);
  const error = useInspection((state) => state.retryError);
  return (
    <div className="strip-end">
      {error && (
        <span role="alert">
          <Shown text={error.message} />
        </span>
      )}
      {retrying && <span className="quiet">Reading {plural(count, 'file')} again …</span>}
      {retrying ? (
        <button type="button" className="button small" onClick={cancelRetry}>
          Cancel
        </button>
      ) : (
        <button type="button" className="button small primary" onClick={() => void retry()}>
          Retry these
        </button>
      )}
    </div>
  );
}

/** Whoever pressed the button is led on to the view when the notice is gone. */
async function retry(): Promise<void> {
  await retryUnread();
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>('main')?.focus();
  });
}

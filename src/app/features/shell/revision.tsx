import { useState } from 'react';
import { visible } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { useInspection } from '../../state/inspection.ts';

/** The revision that is shown, with the commit that it names; the button copies the whole commit. */
export function Revision() {
  const hub = useInspection((state) => state.hub);
  const [copied, setCopied] = useState(false);
  if (!hub) return null;
  const copy = async () => {
    await navigator.clipboard?.writeText(hub.commit).catch(() => {});
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  const short = hub.commit.slice(0, 7);
  const isCommit = hub.requestedRevision === hub.commit;
  return (
    <div className="revision" title={`Revision ${visible(hub.requestedRevision)}, commit ${hub.commit}`}>
      <span className={isCommit || hub.requestedRevision === 'main' ? 'usual' : undefined}>
        <Shown text={isCommit ? 'commit' : `${hub.requestedRevision} ·`} />
      </span>
      <button
        type="button"
        className="button small mono"
        title={`Copy commit ${hub.commit}`}
        aria-label={`Copy commit ${short}`}
        onClick={copy}
      >
        {copied ? 'copied' : short}
      </button>
    </div>
  );
}

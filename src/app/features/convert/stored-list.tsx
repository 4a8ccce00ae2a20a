import { useState } from 'react';
import { formatBytes, formatInteger, plural, removeJob, type StoredJob } from '../../../core/index.ts';
import { isBusy, useJob } from '../../jobs/job-store.ts';
import { isFinished, jobName, showStored, useRefreshStored, useStoredJobs } from '../../jobs/stored-jobs.ts';
import { useUnfinished } from '../../jobs/unfinished.ts';
import '../../jobs/stored.css';
import { Shown } from '../../parts/shown.tsx';

/** What earlier conversions left in the browser storage, to show again or to delete. */
export function StoredList() {
  const status = useJob((state) => state.status);
  const mine = useJob((state) => (state.output?.kind === 'opfs' ? state.output.job : null));
  const { data = [] } = useStoredJobs(status);
  const unfinished = useUnfinished(status);
  const others = data.filter((stored) => stored.job !== mine && !unfinished.some(({ job }) => job === stored.job));
  if (others.length === 0) return null;
  return (
    <section className="panel" aria-label="In the browser storage">
      <h2>In the browser storage</h2>
      <ul className="stored">
        {others.map((stored) => (
          <StoredRow key={stored.job} stored={stored} busy={isBusy(status)} />
        ))}
      </ul>
    </section>
  );
}

function StoredRow({ stored, busy }: { readonly stored: StoredJob; readonly busy: boolean }) {
  const refresh = useRefreshStored();
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const attempt = (work: () => Promise<void>) => {
    work()
      .then(refresh)
      .catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  };
  const finished = isFinished(stored);
  const what = stored.inUse
    ? 'in use by another tab'
    : finished
      ? 'finished'
      : 'unfinished, and its record is gone: it cannot be resumed';
  return (
    <li>
      <div>
        <span className="mono">{jobName(stored.job)}</span>
        <span className="option-note" title={`${formatInteger(stored.bytes)} bytes`}>
          {formatBytes(stored.bytes)}, {plural(stored.files.length, 'file')}, {what}
        </span>
        {problem && (
          <span className="option-note wrong">
            <Shown text={problem} />
          </span>
        )}
      </div>
      {!stored.inUse && (
        <div className="row">
          {finished && !asking && (
            <button
              type="button"
              className="button small"
              disabled={busy}
              onClick={() => attempt(() => showStored(stored))}
            >
              Show
            </button>
          )}
          {asking ? (
            <>
              <button type="button" className="button small" onClick={() => attempt(() => removeJob(stored.job))}>
                Delete {formatBytes(stored.bytes)}
              </button>
              <button type="button" className="button small" onClick={() => setAsking(false)}>
                Keep
              </button>
            </>
          ) : (
            <button
              type="button"
              className="button small"
              aria-label={`Delete ${jobName(stored.job)}`}
              onClick={() => setAsking(true)}
            >
              Delete
            </button>
          )}
        </div>
      )}
    </li>
  );
}

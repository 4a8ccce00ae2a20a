import { useEffect, useRef } from 'react';
import { visible } from '../../../core/index.ts';
import { isBusy, type JobStatus, useJob } from '../../jobs/job-store.ts';
import { shortSource } from '../../jobs/stored/names.ts';
import { Shown } from '../../parts/shown.tsx';
import { EndedPanel } from './ended-panel.tsx';
import './job.css';
import { ProgressPanel } from './progress-panel.tsx';
import { ReportPanel } from './report-panel.tsx';
import type { StartButtonProps } from './start-button.tsx';

const HEADINGS: Readonly<Record<JobStatus, string>> = {
  none: '',
  asking: 'Conversion',
  running: 'Converting',
  paused: 'Paused',
  cancelling: 'Cancelling',
  cancelled: 'Cancelled',
  failed: 'The conversion stopped',
  done: 'Report',
};

/** The conversion of this page: how far it is, or how it ended. */
export function JobPanel({ again }: { readonly again: StartButtonProps | null }) {
  const { status, source, target } = useJob();
  const heading = useRef<HTMLHeadingElement>(null);
  const stage = isBusy(status) ? 'busy' : status;
  const before = useRef(stage);
  useEffect(() => {
    if (before.current !== stage && stage !== 'none') heading.current?.focus({ preventScroll: false });
    before.current = stage;
  }, [stage]);
  useSeen();
  if (status === 'none') return null;
  const label = status === 'done' ? 'Report' : 'Conversion';
  return (
    <section className="panel job" aria-label={label}>
      <h2 ref={heading} tabIndex={-1}>
        {HEADINGS[status]}
        <span className="job-what">
          <span className="mono" title={visible(source)}>
            <Shown text={shortSource(source)} />
          </span>{' '}
          → <span className="mono">{target}</span>
        </span>
      </h2>
      {stage === 'busy' && <ProgressPanel />}
      {(status === 'failed' || status === 'cancelled') && <EndedPanel again={again} />}
      {status === 'done' && <ReportPanel />}
    </section>
  );
}

/** Notes that the reader has seen how the job ended: this panel is on screen, and so is the tab. */
function useSeen(): void {
  const ended = useJob(({ status, seen }) => !seen && (status === 'done' || status === 'failed'));
  useEffect(() => {
    if (!ended) return;
    const look = () => {
      if (document.visibilityState === 'visible') useJob.setState({ seen: true });
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [ended]);
}

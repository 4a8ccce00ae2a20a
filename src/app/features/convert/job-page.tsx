import { useJob } from '../../jobs/job-store.ts';
import { StoredLists } from '../../jobs/stored/stored-lists.tsx';
import './convert.css';
import { JobPanel } from './job-panel.tsx';

/** The Convert view while no checkpoint is open: the conversion of this page, and what earlier ones left. */
export function JobPage() {
  const shown = useJob(({ output }) => (output && 'job' in output ? output.job : null));
  return (
    <div className="convert job-page">
      <h1 className="hidden">Convert</h1>
      <div className="convert-main">
        <JobPanel again={null} />
        <StoredLists except={shown} />
      </div>
    </div>
  );
}

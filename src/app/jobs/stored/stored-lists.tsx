import type { ReactNode } from 'react';
import { formatBytes, formatInteger, plural, removeJob, type StoredJob } from '../../../core/index.ts';
import { isBusy, useJob } from '../job-store.ts';
import { FinishedRow } from './finished-row.tsx';
import { jobName } from './names.ts';
import { useRefreshStored, useStored } from './stored.ts';
import { Problem, useAttempt, WithQuestion } from './stored-row.tsx';
import { UnfinishedRow } from './unfinished-row.tsx';

interface StoredListsProps {
  /** A job that stands beside the lists, so that they leave it out. */
  readonly except?: string | null;
}

/** What earlier conversions left: those to resume, those that are finished, and files that can only be deleted. */
export function StoredLists({ except = null }: StoredListsProps) {
  const status = useJob((state) => state.status);
  const { unfinished, finished, leftovers } = useStored(status);
  return (
    <>
      <List name="Unfinished conversions">
        {!isBusy(status) && unfinished.map((each) => <UnfinishedRow key={each.job} unfinished={each} />)}
      </List>
      <List name="Finished conversions">
        {finished
          .filter(({ job }) => job !== except)
          .map((each) => (
            <FinishedRow key={each.job} result={each} />
          ))}
      </List>
      <List name="Leftover files">
        {leftovers
          .filter(({ inUse }) => !inUse)
          .map((each) => (
            <LeftoverRow key={each.job} stored={each} />
          ))}
      </List>
    </>
  );
}

function List({ name, children }: { readonly name: string; readonly children: readonly ReactNode[] | false }) {
  if (!children || children.length === 0) return null;
  return (
    <section className="panel stored-panel" aria-label={name}>
      <h2>{name}</h2>
      <ul className="stored">{children}</ul>
    </section>
  );
}

/** Files of a conversion whose record is gone. */
function LeftoverRow({ stored: { job, bytes, files } }: { readonly stored: StoredJob }) {
  const refresh = useRefreshStored();
  const { problem, attempt } = useAttempt();
  return (
    <li>
      <div className="stored-what">
        <span className="stored-name mono">
          <strong>{jobName(job)}</strong>
        </span>
        <span className="option-note">
          <span title={`${formatInteger(bytes)} bytes`}>
            {formatBytes(bytes)}, {plural(files.length, 'file')}
          </span>{' '}
          of a conversion that stopped. The record of it is missing, so it cannot be resumed.
        </span>
        <Problem text={problem} />
      </div>
      <WithQuestion
        label="Delete"
        about={jobName(job)}
        question={`This deletes the files and frees ${formatBytes(bytes)}.`}
        confirm={`Delete ${formatBytes(bytes)}`}
        act={() => attempt(() => removeJob(job).then(refresh))}
      />
    </li>
  );
}

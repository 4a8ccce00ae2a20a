import { formatAge, formatBytes, formatInteger, plural } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { isBusy, useJob } from '../job-store.ts';
import { SaveResult } from '../save/save-result.tsx';
import { deleteStored, openStored, showStored } from './actions.ts';
import { jobName, savedName, shortSource, startedAt } from './names.ts';
import { type Finished, useRefreshStored } from './stored.ts';
import { Problem, useAttempt, WithQuestion } from './stored-row.tsx';

/** A finished conversion: open, save, look at its report, delete. */
export function FinishedRow({ result }: { readonly result: Finished }) {
  const refresh = useRefreshStored();
  const busy = useJob((state) => isBusy(state.status));
  const { problem, attempt } = useAttempt();
  const { job, folder, bytes, elsewhere, facts } = result;
  const name = facts ? `${shortSource(facts.source)} to ${facts.target}` : jobName(job);
  return (
    <li>
      <div className="stored-what">
        <span className="stored-name mono">
          <strong>
            <Shown text={facts ? shortSource(facts.source) : jobName(job)} />
          </strong>{' '}
          {facts && `${facts.from.join(', ')} → ${facts.target}`}
        </span>
        <Size result={result} />
        <Proven result={result} />
        {elsewhere && <span className="option-note">Another tab has this result open.</span>}
        <Problem text={problem} />
      </div>
      <WithQuestion
        label={folder === null ? 'Delete' : 'Forget'}
        about={name}
        question={
          folder === null
            ? `This deletes the result from the storage of this browser and frees ${formatBytes(bytes)}.`
            : 'This list then no longer shows the result. Its files stay in the folder.'
        }
        confirm={folder === null ? `Delete ${formatBytes(bytes)}` : 'Forget it'}
        act={() => attempt(() => deleteStored(result).then(refresh))}
      >
        <button
          type="button"
          className="button small primary"
          aria-label={`Open ${name}`}
          onClick={() => openStored(job)}
        >
          Open
        </button>
        {facts && (
          <button
            type="button"
            className="button small"
            disabled={busy}
            aria-label={`Report on ${name}`}
            onClick={() => attempt(() => showStored(result))}
          >
            Report
          </button>
        )}
      </WithQuestion>
      {folder === null && facts && (
        <SaveResult small of={{ job, name: savedName(facts.source, facts.target), bytes, where: 'opfs' }} />
      )}
    </li>
  );
}

/** How large, where, and since when. */
function Size({ result: { job, folder, bytes, files } }: { readonly result: Finished }) {
  const at = startedAt(job);
  return (
    <span className="option-note">
      <span title={`${formatInteger(bytes)} bytes`}>
        {formatBytes(bytes)}, {plural(files, 'file')}
      </span>
      , {folder === null ? 'in the storage of this browser' : <Shown text={`in the folder ${folder}`} />}
      {at !== null && (
        <>
          ,{' '}
          <time dateTime={new Date(at).toISOString()} title={new Date(at).toLocaleString()}>
            {formatAge((Date.now() - at) / 1000)}
          </time>
        </>
      )}
      .
    </span>
  );
}

/** What the conversion proved of its result. */
function Proven({ result: { facts } }: { readonly result: Finished }) {
  if (!facts) return <span className="option-note wrong">Its report is missing or damaged.</span>;
  const { tensors, bytes, unpacked, scope } = facts;
  return (
    <span className="option-note">
      <span aria-hidden="true">✓ </span>
      <span title={`${formatInteger(bytes)} bytes`}>
        {plural(tensors, 'tensor')}, {formatBytes(bytes)}
      </span>{' '}
      read back, all equal{unpacked.length > 0 && `; ${unpacked.join(' and ')} unpacked to bf16`}
      {scope === 'partial' && '; only some layers, does not load as a model'}
      {scope === 'mixed' && '; only some layers converted'}.
    </span>
  );
}

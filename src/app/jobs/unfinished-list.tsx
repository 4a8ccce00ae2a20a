import { useState } from 'react';
import { formatBytes, plural } from '../../core/index.ts';
import { go } from '../state/address-store.ts';
import { EMPTY } from '../state/follow-address.ts';
import { useInspection } from '../state/inspection.ts';
import './stored.css';
import { Shown } from '../parts/shown.tsx';
import { isBusy, useJob } from './job-store.ts';
import { startJob } from './run-job.ts';
import { forget, resumeRequest, type Unfinished, useRefreshUnfinished, useUnfinished } from './unfinished.ts';

/** Conversions that a closed tab, a full disk or a failure broke off: to go on with, or to delete. */
export function UnfinishedList() {
  const status = useJob((state) => state.status);
  const list = useUnfinished(status);
  if (list.length === 0 || isBusy(status)) return null;
  return (
    <section className="panel" aria-label="Unfinished conversions">
      <h2>Unfinished conversions</h2>
      <ul className="stored">
        {list.map((unfinished) => (
          <UnfinishedRow key={unfinished.job} unfinished={unfinished} />
        ))}
      </ul>
    </section>
  );
}

function UnfinishedRow({ unfinished }: { readonly unfinished: Unfinished }) {
  const refresh = useRefreshUnfinished();
  const identity = useInspection((state) => (state.status === 'open' ? (state.summary?.identity ?? null) : null));
  const [problem, setProblem] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const { head, finished, target, folder, elsewhere, cleared } = unfinished;
  const isOpen = identity === head.source.identity;
  const attempt = (work: () => Promise<void>) => {
    setProblem(null);
    work().catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  };
  const bytes = head.shards.reduce((sum, shard) => sum + shard.byteLength, 0);
  return (
    <li>
      <div>
        <span className="mono">
          <Shown text={head.source.identity} />
        </span>{' '}
        → <span className="mono">{target}</span>
        <span className="option-note">
          {cleared ? 'None' : finished} of {plural(head.shards.length, 'shard')} finished, {formatBytes(bytes)} in all,{' '}
          {folder ? <Shown text={`in the folder ${folder.name}`} /> : 'in the browser storage'}.
          {cleared && ' The browser has cleared what was written: it starts again from the first shard.'}
        </span>
        {problem !== null && (
          <span className="option-note wrong" role="alert">
            <Shown text={problem} />
          </span>
        )}
        {elsewhere ? (
          <span className="option-note">Another tab is writing it: it goes on there, or is cancelled there.</span>
        ) : (
          !isOpen && <OpenFirst unfinished={unfinished} />
        )}
      </div>
      {!elsewhere && (
        <div className="row">
          {isOpen && !asking && (
            <button
              type="button"
              className="button small primary"
              onClick={() => attempt(async () => startJob(await resumeRequest(unfinished)))}
            >
              Go on
            </button>
          )}
          {asking ? (
            <>
              <button
                type="button"
                className="button small"
                onClick={() => attempt(() => forget(unfinished).then(refresh))}
              >
                {folder ? 'Forget it' : 'Delete what was written'}
              </button>
              <button type="button" className="button small" onClick={() => setAsking(false)}>
                Keep
              </button>
            </>
          ) : (
            <button type="button" className="button small" onClick={() => setAsking(true)}>
              {folder ? 'Forget' : 'Delete'}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

/** How to bring back the source that an unfinished conversion reads. */
function OpenFirst({ unfinished }: { readonly unfinished: Unfinished }) {
  const { hub, head, target } = unfinished;
  if (!hub)
    return (
      <span className="option-note">
        To go on, open the same files again: drop{' '}
        <span className="mono">
          <Shown text={head.source.identity} />
        </span>{' '}
        here.
      </span>
    );
  const endpoint = hub.endpoint === 'https://huggingface.co' ? null : hub.endpoint;
  const open = () => go({ ...EMPTY, repo: hub.repo, revision: hub.revision, endpoint, view: 'convert', target });
  return (
    <button type="button" className="button small" onClick={open}>
      Open its source
    </button>
  );
}

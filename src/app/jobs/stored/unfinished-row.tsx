import { useState } from 'react';
import { formatBytes, formatInteger, HUB_ENDPOINT, plural } from '../../../core/index.ts';
import { AskFirst } from '../../parts/ask-first.tsx';
import { asksAgain, placeOfHub, readingCost } from '../../parts/reading-cost.ts';
import { Shown } from '../../parts/shown.tsx';
import { go } from '../../state/address-store.ts';
import { EMPTY } from '../../state/follow-address.ts';
import { useInspection } from '../../state/inspection.ts';
import { startJob } from '../run-job.ts';
import { shortSource } from './names.ts';
import { useRefreshStored } from './stored.ts';
import { Problem, useAttempt, WithQuestion } from './stored-row.tsx';
import { forget, resumeRequest, type Unfinished } from './unfinished.ts';

/** A conversion that stopped before it was finished: resume it, or delete what it wrote. */
export function UnfinishedRow({ unfinished }: { readonly unfinished: Unfinished }) {
  const refresh = useRefreshStored();
  const identity = useInspection((state) => (state.status === 'open' ? (state.summary?.identity ?? null) : null));
  const { problem, attempt } = useAttempt();
  const [asking, setAsking] = useState(false);
  const { head, finished, target, folder, elsewhere, cleared } = unfinished;
  const isOpen = identity === head.source.identity;
  const bytes = head.shards.reduce((sum, shard) => sum + shard.byteLength, 0);
  const place = placeOfHub(unfinished.hub);
  const rest = readingCost(place, cleared ? bytes : unfinished.restBytes, 'convert');
  const resume = () => {
    setAsking(false);
    attempt(async () => startJob(await resumeRequest(unfinished)));
  };
  const name = `${shortSource(head.source.identity)} to ${target}`;
  return (
    <li>
      <div className="stored-what">
        <span className="stored-name mono">
          <strong>
            <Shown text={shortSource(head.source.identity)} />
          </strong>{' '}
          → {target}
        </span>
        <span className="option-note" title={`${formatInteger(bytes)} bytes in all`}>
          {cleared ? 'None' : finished} of {plural(head.shards.length, 'shard')} finished, {formatBytes(bytes)} in all,{' '}
          {folder ? <Shown text={`in the folder ${folder.name}`} /> : 'in the storage of this browser'}.
          {cleared && ' The browser deleted what was written. Resuming starts with the first shard.'}
        </span>
        <Problem text={problem} />
        {elsewhere ? (
          <span className="option-note">Another tab is writing it. Watch or cancel it there.</span>
        ) : (
          !isOpen && <OpenFirst unfinished={unfinished} />
        )}
      </div>
      {!elsewhere && (
        <WithQuestion
          label={folder ? 'Forget' : 'Delete'}
          about={name}
          question={
            folder
              ? 'The conversion can then not be resumed. Its files stay in the folder.'
              : 'This deletes the finished shards. The conversion can then not be resumed.'
          }
          confirm={folder ? 'Forget it' : 'Delete what was written'}
          act={() => attempt(() => forget(unfinished).then(refresh))}
        >
          {isOpen && (
            <button
              type="button"
              className="button small primary"
              aria-label={`Resume ${name}`}
              aria-expanded={asksAgain(rest) ? asking : undefined}
              onClick={() => (asksAgain(rest) ? setAsking(true) : resume())}
            >
              Resume{asksAgain(rest) && ' …'}
            </button>
          )}
        </WithQuestion>
      )}
      {asking && isOpen && !elsewhere && (
        <AskFirst
          what={place === null ? 'The rest reads' : 'The rest downloads'}
          cost={rest}
          from={place}
          more="The conversion can be paused and resumed."
          verb={place === null ? 'Read' : 'Download'}
          onYes={resume}
          onNo={() => setAsking(false)}
        />
      )}
    </li>
  );
}

/** How to open the source of an unfinished conversion again. */
function OpenFirst({ unfinished }: { readonly unfinished: Unfinished }) {
  const { hub, sample = null, head, target } = unfinished;
  const job = /^job:(.+)$/.exec(head.source.identity)?.[1];
  if (!hub && sample === null && job === undefined)
    return (
      <span className="option-note">
        To resume, open the same files again: drop{' '}
        <span className="mono">
          <Shown text={head.source.identity} />
        </span>{' '}
        on this page.
      </span>
    );
  const open = () => {
    if (!hub) return go({ ...EMPTY, sample, job: job ?? null, view: 'convert', target });
    const endpoint = hub.endpoint === HUB_ENDPOINT ? null : hub.endpoint;
    go({ ...EMPTY, repo: hub.repo, revision: hub.revision, endpoint, view: 'convert', target });
  };
  return (
    <span>
      <button type="button" className="button small" onClick={open}>
        Open its source
      </button>{' '}
      <span className="option-note inline">to resume.</span>
    </span>
  );
}

import { useState } from 'react';
import { isUnfinished } from '../../jobs/guard-leaving.ts';
import { isBusy, useJob } from '../../jobs/job-store.ts';
import { useVersion } from '../../state/version.ts';

/** The new version is taken when the reader says so, and never while a conversion would be lost by it. */
export function ReadyNotice() {
  const take = useVersion((version) => version.take);
  const busy = useJob((job) => isBusy(job.status));
  const unfinished = useJob(isUnfinished);
  const [heldElsewhere, setHeldElsewhere] = useState(false);
  const press = async () => setHeldElsewhere((await take?.()) === false);
  return (
    <section className="strip note" aria-labelledby="new-version">
      <div className="strip-head">
        <div className="strip-words" role="status">
          <h2 id="new-version">A new version is here. Reload to use it.</h2>
          <p>{busy ? BUSY : unfinished ? IN_MEMORY : heldElsewhere ? ELSEWHERE : KEPT}</p>
        </div>
        <div className="strip-end">
          <button type="button" className="button small primary" disabled={unfinished} onClick={() => void press()}>
            Reload
          </button>
        </div>
      </div>
    </section>
  );
}

const BUSY = 'A conversion is running in this tab. The new version can be used when the conversion has ended.';
const IN_MEMORY =
  'The result of a conversion is only in the memory of this tab. Download it, then close this tab: the next visit uses the new version.';
const ELSEWHERE = 'A conversion is running in another tab of moe-loom. Reload when that conversion has ended.';
const KEPT = 'Results stored in this browser are kept.';

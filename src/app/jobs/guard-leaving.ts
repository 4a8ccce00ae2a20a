import { holdVersion } from '../state/offline/update-lock.ts';
import { isBusy, type JobState, useJob } from './job-store.ts';

let guarding = false;

const ask = (event: BeforeUnloadEvent) => event.preventDefault();

/** True while a conversion runs, or its result is in memory alone: what a reload would lose. */
export function isUnfinished({ status, output }: JobState): boolean {
  return isBusy(status) || (status === 'done' && output?.kind === 'memory');
}

/** From now on, while a reload would lose a conversion, the browser asks before it closes the page, and no tab takes a new version. */
export function guardLeaving(): void {
  if (guarding) return;
  guarding = true;
  const follow = () => {
    const unfinished = isUnfinished(useJob.getState());
    holdVersion(unfinished);
    if (unfinished) window.addEventListener('beforeunload', ask);
    else window.removeEventListener('beforeunload', ask);
  };
  useJob.subscribe(follow);
  follow();
}

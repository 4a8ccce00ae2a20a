import { isBusy, useJob } from './job-store.ts';

let guarding = false;

const ask = (event: BeforeUnloadEvent) => event.preventDefault();

/** From now on the browser asks before it closes the page while a conversion runs. */
export function guardLeaving(): void {
  if (guarding) return;
  guarding = true;
  const follow = () => {
    if (isBusy(useJob.getState().status)) window.addEventListener('beforeunload', ask);
    else window.removeEventListener('beforeunload', ask);
  };
  useJob.subscribe(follow);
  follow();
}

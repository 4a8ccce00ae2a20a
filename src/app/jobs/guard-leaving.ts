import { isBusy, useJob } from './job-store.ts';

let guarding = false;

const ask = (event: BeforeUnloadEvent) => event.preventDefault();

/** From now on the browser asks before it closes the page while a conversion runs, or its result is in memory alone. */
export function guardLeaving(): void {
  if (guarding) return;
  guarding = true;
  const follow = () => {
    const { status, output } = useJob.getState();
    if (isBusy(status) || (status === 'done' && output?.kind === 'memory'))
      window.addEventListener('beforeunload', ask);
    else window.removeEventListener('beforeunload', ask);
  };
  useJob.subscribe(follow);
  follow();
}

import { isBusy, useJob } from './job-store.ts';

interface Sentinel {
  release(): Promise<void>;
}
type WakeLock = { request(kind: 'screen'): Promise<Sentinel> };

let following = false;
let held: Promise<Sentinel | null> | null = null;

/** From now on the machine is kept from sleeping while a conversion runs and the page is seen, where the browser can. */
export function stayAwake(): void {
  const wakeLock = (navigator as { wakeLock?: WakeLock }).wakeLock;
  if (following || !wakeLock) return;
  following = true;
  const follow = () => {
    const wanted = isBusy(useJob.getState().status) && document.visibilityState === 'visible';
    if (wanted) held ??= wakeLock.request('screen').catch(() => null);
    else {
      void held?.then((sentinel) => sentinel?.release()).catch(() => undefined);
      held = null;
    }
  };
  useJob.subscribe(follow);
  document.addEventListener('visibilitychange', follow);
  follow();
}

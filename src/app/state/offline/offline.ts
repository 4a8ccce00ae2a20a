import { isInForeignFrame } from '../../parts/framed.tsx';
import { whenIdle } from '../../parts/when-idle.ts';
import { servedNote } from '../access/served.ts';

/**
 * Once the page has nothing else to do: keeps it for visits without a network. Not in development, not in a frame of another
 * site (the copy would be of use in that frame alone), not for the page of `moe-loom open`, and not where the reader asked
 * the browser to save data.
 */
export function prepareOffline(): void {
  if (!import.meta.env.PROD || !hasServiceWorkers() || isInForeignFrame()) return;
  const served = servedNote() !== null;
  const { connection } = navigator as { readonly connection?: { readonly saveData?: boolean } };
  if (!served && connection?.saveData === true) return;
  whenIdle(() => {
    import('./service-worker.ts')
      .then(({ keepForOffline, keepNothing }) => (served ? keepNothing() : keepForOffline()))
      // The page works without it, and the next visit asks again.
      .catch(() => undefined);
  });
}

/** A sandboxed frame throws where others have none. */
function hasServiceWorkers(): boolean {
  try {
    return navigator.serviceWorker !== undefined;
  } catch {
    return false;
  }
}

import { useVersion } from '../version.ts';
import { withVersionFree } from './update-lock.ts';

/** The file that the build makes, beside the page: it rules the page's folder. `deploy/offline.ts` says what it keeps. */
const WORKER = './sw.js';

/** A tab that stays open asks the server for a new version when it is looked at again, at most this often. */
const ASK_MS = 60 * 60 * 1000;

/** Milliseconds for a new worker to take over; the page is loaded again in any case. */
const TAKE_OVER_MS = 4_000;

/** What is used of the browser's service workers. */
type Container = Pick<ServiceWorkerContainer, 'register' | 'controller' | 'addEventListener'>;

/**
 * Has this browser keep the page for visits without a network, and says in {@link useVersion} when a newer version has been
 * kept beside it. That one waits until the reader takes it. Where the browser refuses, the page works as before.
 */
export async function keepForOffline(container: Container = navigator.serviceWorker): Promise<void> {
  const isFirst = container.controller === null;
  const registration = await container.register(WORKER, { updateViaCache: 'none' }).catch(() => null);
  if (!registration) return;
  let taking = false;
  let wasFirst = isFirst;
  const offer = (worker: ServiceWorker) =>
    useVersion.setState({
      state: 'ready',
      take: async () =>
        withVersionFree(async () => {
          taking = true;
          await takeOver(worker, container);
          location.reload();
        }),
    });
  const look = () => {
    if (registration.waiting && container.controller) offer(registration.waiting);
  };
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look));
  registration.installing?.addEventListener('statechange', look);
  look();
  // Another tab took the new version: the parts of this one that were not loaded yet may be gone.
  container.addEventListener('controllerchange', () => {
    if (!taking && !wasFirst) useVersion.setState({ state: 'newer', take: null });
    wasFirst = false;
  });
  // Registering a known worker asks for no newer one, and browsers put their own question off while a page is busy.
  if (!isFirst) void registration.update().catch(() => undefined);
  askAgain(registration);
}

/** Tells the waiting worker to take over, and waits until it has. */
function takeOver(worker: ServiceWorker, container: Container): Promise<void> {
  return new Promise((resolve) => {
    container.addEventListener('controllerchange', () => resolve(), { once: true });
    setTimeout(resolve, TAKE_OVER_MS);
    worker.postMessage({ type: 'SKIP_WAITING' });
  });
}

function askAgain(registration: ServiceWorkerRegistration): void {
  let asked = Date.now();
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || Date.now() - asked < ASK_MS) return;
    asked = Date.now();
    void registration.update().catch(() => undefined);
  });
}

/**
 * For a page that `moe-loom open` serves: nothing of it is kept, and what an app at the same address has kept is removed. Its
 * service worker would answer with a page that knows nothing of the command.
 */
export async function keepNothing(
  container: Pick<ServiceWorkerContainer, 'getRegistrations'> = navigator.serviceWorker,
): Promise<void> {
  const registrations = await container.getRegistrations().catch(() => []);
  await Promise.all(registrations.map((each) => each.unregister().catch(() => false)));
}

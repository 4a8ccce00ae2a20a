import { create } from 'zustand';
import { LoomError } from '../../core/index.ts';

/**
 * What the server holds, as seen when a part of the page could not be loaded; `ready` where this browser has already kept a
 * newer version, which waits until the reader takes it.
 */
export type VersionState = 'unasked' | 'same' | 'newer' | 'unreached' | 'ready';

interface Version {
  readonly state: VersionState;
  /** Loads the page again in its newer version; false while another tab must not lose the one it runs. Null where none waits. */
  readonly take: (() => Promise<boolean>) | null;
}

/** Whether the server still has the version of the page that runs here. */
export const useVersion = create<Version>()(() => ({ state: 'unasked', take: null }));

/** The page as it is now on its server; null where none answers. */
type AskPage = () => Promise<string | null>;

/**
 * Asks the server for this page, after a part of it could not be loaded: where its script has another name, a newer
 * version is in its place, and the parts of this one are gone.
 */
export async function checkVersion(script: string | null = ownScript(), ask: AskPage = askPage): Promise<void> {
  const page = await ask();
  if (useVersion.getState().state === 'ready') return;
  const state = page === null || script === null ? 'unreached' : page.includes(script) ? 'same' : 'newer';
  useVersion.setState({ state });
}

/**
 * Code that comes when it is needed; `what` begins the sentence of a failure.
 *
 * @throws LoomError `part-not-loaded`.
 */
export async function loadPart<T>(load: () => Promise<T>, what: string): Promise<T> {
  try {
    return await load();
  } catch {
    void checkVersion();
    const why = 'the server does not answer, or it has a newer version. Reload the page.';
    throw new LoomError('part-not-loaded', `${what} could not be loaded: ${why}`);
  }
}

/** The name of the script that this page began with. */
function ownScript(): string | null {
  return document.querySelector('script[type="module"][src]')?.getAttribute('src') ?? null;
}

async function askPage(): Promise<string | null> {
  try {
    const response = await fetch(`${window.location.pathname}${pastTheWorker()}`, { cache: 'no-store' });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

/** A service worker answers with the page that it keeps, except for this parameter. */
function pastTheWorker(): string {
  return globalThis.navigator?.serviceWorker?.controller ? '?from-server' : '';
}

import { create } from 'zustand';

/** What the server holds, as seen when a part of the page could not be loaded. */
export type VersionState = 'unasked' | 'same' | 'newer' | 'unreached';

/** Whether the server still has the version of the page that runs here. */
export const useVersion = create<{ readonly state: VersionState }>()(() => ({ state: 'unasked' }));

/** The page as it is now on its server; null where none answers. */
type AskPage = () => Promise<string | null>;

/**
 * Asks the server for this page, after a part of it could not be loaded: where its script has another name, a newer
 * version is in its place, and the parts of this one are gone.
 */
export async function checkVersion(script: string | null = ownScript(), ask: AskPage = askPage): Promise<void> {
  const page = await ask();
  const state = page === null || script === null ? 'unreached' : page.includes(script) ? 'same' : 'newer';
  useVersion.setState({ state });
}

/** The name of the script that this page began with. */
function ownScript(): string | null {
  return document.querySelector('script[type="module"][src]')?.getAttribute('src') ?? null;
}

async function askPage(): Promise<string | null> {
  try {
    const response = await fetch(window.location.pathname, { cache: 'no-store' });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

import { existsSync } from 'node:fs';

const VARIABLE = 'FIREFOX_PATH';
const SYSTEM_PATHS = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
  'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
];

/** What to do where there is no Firefox. */
export const NO_FIREFOX = `No Firefox was found, so nothing is tested in it. Install one (Debian: apt-get install firefox-esr), or name it in ${VARIABLE}, and run again.`;

/**
 * The Firefox of this machine, or null: the one that an environment variable names, else the system's.
 *
 * @throws Error when the variable names a file that is not there.
 */
export function findFirefox(): string | null {
  const named = process.env[VARIABLE];
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`${VARIABLE} names ${named}, which does not exist.`);
    return named;
  }
  return SYSTEM_PATHS.find((path) => existsSync(path)) ?? null;
}

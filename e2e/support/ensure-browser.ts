/**
 * Makes sure that tests find a Chromium: one that is there, else Playwright's own download, else, as root on Debian, the
 * distribution's package. Of a Firefox that is missing it says so, and in CI it fails.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { getuid } from 'node:process';
import { chromium } from '@playwright/test';
import { findBrowser } from './browser.ts';
import { findFirefox, NO_FIREFOX } from './firefox.ts';

const own = chromium.executablePath();

function found(): boolean {
  return existsSync(own) || findBrowser(own).executablePath !== undefined;
}

function attempt(command: string, args: readonly string[]): void {
  process.stdout.write(`No browser yet: ${command} ${args.join(' ')}\n`);
  spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
}

if (!found()) attempt('npx', ['playwright', 'install', 'chromium']);
if (!found() && getuid?.() === 0) {
  attempt('apt-get', ['update', '-qq']);
  attempt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core']);
}
if (!found()) {
  process.stderr.write('No Chromium was found. Install one, or name it in CHROMIUM_PATH, and run again.\n');
  process.exitCode = 1;
}

const inCi = process.env.CI !== undefined && process.env.CI !== '';
if (findFirefox() === null) {
  process.stderr.write(`${NO_FIREFOX}\n`);
  if (inCi) process.exitCode = 1;
}

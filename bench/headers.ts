/**
 * Hostile headers and indexes: what the command line and a tab take over idle, and what they say. One JSON line a case. Cases may be chosen.
 *
 *     npm run build && npm run bench:headers [-- <MB of a header, 100> <case> …]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { preview } from 'vite';
import { findBrowser } from '../e2e/support/browser.ts';
import { HOSTILE, isIndexCase, writeHostile } from '../e2e/support/hostile.ts';
import { rendererPid, residentBytes, watchMost } from '../e2e/support/resident.ts';

const BIN = fileURLToPath(new URL('../dist/cli/moe-loom.js', import.meta.url));
/** Most bytes over idle: of a header, and of an index. */
const LIMITS = { header: 400e6, index: 600e6 } as const;
/** What a page shows when it has read all: the totals come before the index has been read, its findings after. */
const ENDS = { header: '.notice.failed p, .totals', index: '.notice.failed p, .verdict .defects' } as const;
const megabytes = Number(process.argv[2] ?? 100);
const chosen = process.argv.slice(3);
const base = mkdtempSync(join(tmpdir(), 'moe-loom-headers-'));
const mb = (bytes: number) => Math.round(bytes / 1e6);

/** Runs the command line, and gives the most memory that it took and its last words. */
async function runNode(args: readonly string[]): Promise<{ readonly most: number; readonly said: string }> {
  const child = spawn(process.execPath, [BIN, ...args]);
  let said = '';
  child.stdout.on('data', (data) => {
    said = (said + data).slice(0, 400);
  });
  child.stderr.on('data', (data) => {
    said = (said + data).slice(0, 400);
  });
  const stop = watchMost(() => residentBytes(child.pid ?? 0));
  await new Promise((resolve) => child.on('exit', resolve));
  return { most: stop(), said: said.trim().split('\n')[0] ?? '' };
}

const { executablePath, args } = findBrowser(chromium.executablePath());
const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });

/** Opens a folder in a new tab, and gives what its process took over idle and what the page says. */
async function runTab(folder: string, ends: string): Promise<{ readonly most: number; readonly said: string }> {
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: [...args] });
  try {
    const page = await browser.newPage();
    await page.goto(server.resolvedUrls?.local[0] ?? '');
    const pid = await rendererPid(browser);
    const idle = residentBytes(pid);
    const stop = watchMost(() => residentBytes(pid));
    await page.getByLabel('Choose folder').setInputFiles(folder);
    const ended = page.locator(ends).first();
    await ended.waitFor({ timeout: 240_000 });
    return { most: stop() - idle, said: (await ended.textContent()) ?? '' };
  } finally {
    await browser.close();
  }
}

try {
  const idle = (await runNode(['--version'])).most;
  for (const name of HOSTILE.filter((each) => chosen.length === 0 || chosen.includes(each))) {
    const limit = isIndexCase(name) ? LIMITS.index : LIMITS.header;
    const folder = writeHostile(base, name, (isIndexCase(name) ? 2.4 : 1) * megabytes * 1e6);
    const node = await runNode(['inspect', folder]);
    const tab = await runTab(folder, isIndexCase(name) ? ENDS.index : ENDS.header);
    rmSync(folder, { recursive: true });
    const line = {
      bench: 'headers',
      case: name,
      limit_mb: mb(limit),
      node_mb: mb(node.most - idle),
      tab_mb: mb(tab.most),
      ok: node.most - idle <= limit && tab.most <= limit,
      node_says: node.said,
      tab_says: tab.said.slice(0, 200),
    };
    console.log(JSON.stringify(line));
  }
} finally {
  await server.close();
  rmSync(base, { recursive: true, force: true });
}

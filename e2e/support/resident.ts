import { readdirSync, readFileSync } from 'node:fs';
import type { Browser } from '@playwright/test';

const EVERY_MS = 20;

/** Bytes of memory that a process holds now (Linux); 0 when it has ended. */
export function residentBytes(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Looks again and again; what it gives back stops that, and tells the most that was seen. */
export function watchMost(look: () => number): () => number {
  let most = look();
  const timer = setInterval(() => {
    most = Math.max(most, look());
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    return most;
  };
}

/** The largest process that draws pages: the one of the only tab, and of its workers. */
export async function rendererPid(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const pids = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  const [first] = pids.sort((a, b) => residentBytes(b) - residentBytes(a));
  if (!first || !readdirSync('/proc').includes(String(first))) throw new Error('The tab has no process to look at.');
  return first;
}

/**
 * Renderer memory with half a million tensors open, as a reader of the app has it. Playwright asks the browser to record the
 * bodies of all responses, which the renderer then holds: this opens the page in a context that Playwright does not know.
 * One JSON line. `npm run build` first.
 */
import { readFileSync } from 'node:fs';
import { type CDPSession, chromium } from '@playwright/test';
import { preview } from 'vite';
import { findBrowser } from '../e2e/support/browser.ts';
import { QWEN3_235B, qwen3Moe } from '../e2e/support/hub/qwen3-moe.ts';
import { startHub } from '../e2e/support/hub/server.ts';
import { markUsed } from '../e2e/support/used-hub.ts';
import { openCheckpoint } from '../src/core/checkpoint/open.ts';
import { createManners } from '../src/core/hub/manners.ts';
import { openHubRepo } from '../src/core/hub/repo.ts';

const GIANT = 'bench/half-a-million';
const LOOK_MS = 100;
const SETTLED_MS = 3000;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** MB that the largest renderer holds and has held at most, as the system counts them. */
async function memory(session: CDPSession) {
  const { processInfo } = (await session.send('SystemInfo.getProcessInfo')) as {
    processInfo: { type: string; id: number }[];
  };
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  const of = (field: string) =>
    Math.max(
      ...renderers.map(({ id }) => {
        const status = readFileSync(`/proc/${id}/status`, 'utf8');
        return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1000;
      }),
    );
  return { now: Math.round(of('VmRSS')), most: Math.round(of('VmHWM')) };
}

/** Calls a page that has no Playwright page, by messages through the browser's session. */
async function pageCalls(session: CDPSession) {
  const { browserContextId } = await session.send('Target.createBrowserContext');
  const place = { url: 'about:blank', browserContextId, width: 1280, height: 800 };
  const { targetId } = await session.send('Target.createTarget', place);
  const { sessionId } = await session.send('Target.attachToTarget', { targetId });
  let last = 0;
  const call = (method: string, params: object = {}) =>
    new Promise<{ result?: { value?: unknown } }>((resolve) => {
      const id = ++last;
      const listen = ({ message }: { message: string }) => {
        const answer = JSON.parse(message) as { id?: number; result?: { result?: { value?: unknown } } };
        if (answer.id !== id) return;
        session.off('Target.receivedMessageFromTarget', listen);
        resolve(answer.result ?? {});
      };
      session.on('Target.receivedMessageFromTarget', listen);
      void session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) });
    });
  const evaluate = async (expression: string) =>
    (await call('Runtime.evaluate', { expression, returnByValue: true })).result?.value;
  const until = async (expression: string) => {
    while ((await evaluate(`Boolean(${expression})`)) !== true) await wait(LOOK_MS);
  };
  return { call, evaluate, until };
}

const half = { ...QWEN3_235B, layers: 217, experts: 764 };
const hub = await startHub({
  repos: [qwen3Moe(GIANT, { dims: half, layout: 'per-expert', seed: 'half', maxShardBytes: 40e9 })],
});
// The fixture makes headers and hashes when they are first asked for.
await openCheckpoint(await openHubRepo(GIANT, { endpoint: hub.url, ...createManners() }));
const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
const { executablePath, args } = findBrowser(chromium.executablePath(), true);
const browser = await chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: [...args] });
const session = await browser.newBrowserCDPSession();
const { call, evaluate, until } = await pageCalls(session);
await call('Page.enable');
await call('Page.addScriptToEvaluateOnNewDocument', { source: `(${markUsed})(${JSON.stringify(hub.url)})` });
const query = new URLSearchParams({ endpoint: hub.url });
await call('Page.navigate', { url: `${server.resolvedUrls?.local[0] ?? ''}?${query}` });
const button = "[...document.querySelectorAll('button')].find((each) => each.textContent.includes('Inspect'))";
await until(`document.querySelector('input') && ${button}`);
await evaluate("[...document.querySelectorAll('input')].find((each) => each.type !== 'checkbox').focus()");
await call('Input.insertText', { text: GIANT });
await wait(SETTLED_MS);
const idle = await memory(session);
await evaluate(`${button}.click()`);
await until("document.body.textContent.includes('No problem found')");
const opened = await memory(session);
await wait(SETTLED_MS);
const settled = await memory(session);
await evaluate("[...document.querySelectorAll('nav a')].find((each) => each.textContent.includes('Tensors')).click()");
await until("document.body.textContent.includes('499,320 tensors,')");
await wait(SETTLED_MS);
const tensors = await memory(session);
await browser.close();
await server.close();
await hub.close();
const facts = {
  idle_mb: idle.now,
  opened_mb: opened.now,
  opening_most_mb: opened.most,
  opened_settled_mb: settled.now,
};
process.stdout.write(
  `${JSON.stringify({ bench: 'memory', ...facts, tensors_view_mb: tensors.now, all_most_mb: tensors.most })}\n`,
);
process.exit(0);

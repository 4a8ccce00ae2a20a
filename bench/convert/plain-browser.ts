import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { chromium } from '@playwright/test';
import { findBrowser } from '../../e2e/support/browser.ts';
import { settleDisk, treeOf } from './measure.ts';

/** So often a condition of the page is looked at. */
const LOOK_MS = 100;

/** What the browser's protocol answers. */
type Answer = Readonly<Record<string, unknown>>;

/** A page that nothing records. Expressions are JavaScript. */
export interface PlainPage {
  readonly pid: number;
  /** Runs a script before those of each page that is opened from now on. */
  before(script: string): Promise<void>;
  open(url: string): Promise<void>;
  /** The value of an expression, awaited. @throws Error with the page's own message where the expression throws. */
  evaluate<T>(expression: string): Promise<T>;
  /** @throws Error after `ms` without the condition. */
  until(condition: string, ms: number): Promise<void>;
  /** A method of the browser's protocol, in the page's session unless another is named. */
  call(method: string, params?: object, session?: string): Promise<Answer>;
  on(event: string, listener: (params: Answer) => void): void;
}

/**
 * A browser with a profile on disk that Playwright does not know. Playwright has the browser record the bodies of
 * responses, which the renderer then holds, and collections come at other times: no reader of the app has that.
 */
export async function withPlainBrowser<T>(folder: string, use: (page: PlainPage) => Promise<T>): Promise<T> {
  const profile = mkdtempSync(join(folder, 'profile-'));
  const { executablePath = chromium.executablePath(), args } = findBrowser(chromium.executablePath(), true);
  const own = ['--headless', '--remote-debugging-pipe', `--user-data-dir=${profile}`, ...args, 'about:blank'];
  const browser = spawn(executablePath, own, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => browser.once('exit', () => resolve()));
  const protocol = speak(browser);
  try {
    return await use(await firstPage(browser, protocol));
  } finally {
    const pids = treeOf(browser.pid ?? 0);
    await protocol.call('Browser.close').catch(() => browser.kill());
    await ended;
    while (pids.some((pid) => existsSync(`/proc/${pid}`))) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    rmSync(profile, { recursive: true, force: true });
    settleDisk();
  }
}

async function firstPage(browser: ChildProcess, { call, on }: ReturnType<typeof speak>): Promise<PlainPage> {
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = (await call('Target.attachToTarget', { targetId, flatten: true })) as { sessionId: string };
  const inPage: PlainPage['call'] = (method, params, session = sessionId) => call(method, params, session);
  await inPage('Page.enable');
  const evaluate = async <T>(expression: string): Promise<T> => {
    const asked = { expression, returnByValue: true, awaitPromise: true, userGesture: true };
    const { result, exceptionDetails } = (await inPage('Runtime.evaluate', asked)) as {
      result: { value?: unknown };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value as T;
  };
  return {
    pid: browser.pid ?? 0,
    before: async (source) => void (await inPage('Page.addScriptToEvaluateOnNewDocument', { source })),
    open: async (url) => void (await inPage('Page.navigate', { url })),
    evaluate,
    until: async (condition, ms) => {
      for (const end = performance.now() + ms; performance.now() < end; ) {
        if (await evaluate<boolean>(`Boolean(${condition})`).catch(() => false)) return;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      throw new Error(`after ${ms / 1000} s not yet: ${condition}`);
    },
    call: inPage,
    on,
  };
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Answer;
  readonly result?: Answer;
  readonly error?: { readonly message: string };
}

/** The browser's protocol over the pipe that it was started with: JSON, each message ended by a byte 0. */
function speak(browser: ChildProcess) {
  const [, , , into, from] = browser.stdio as unknown as [null, null, null, Writable, Readable];
  const waiting = new Map<number, (message: Message) => void>();
  const listeners: { readonly event: string; readonly listener: (params: Answer) => void }[] = [];
  let last = 0;
  let text = '';
  const take = (message: Message) => {
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else for (const { event, listener } of listeners) if (event === message.method) listener(message.params ?? {});
  };
  from.setEncoding('utf8').on('data', (data: string) => {
    const parts = (text + data).split('\0');
    text = parts.pop() ?? '';
    for (const part of parts) take(JSON.parse(part) as Message);
  });
  const call = (method: string, params: object = {}, sessionId?: string) =>
    new Promise<Answer>((resolve, reject) => {
      const id = ++last;
      const gone = () => reject(new Error(`the browser ended during ${method}`));
      browser.once('exit', gone);
      waiting.set(id, ({ result = {}, error }) => {
        waiting.delete(id);
        browser.off('exit', gone);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result);
      });
      into.write(`${JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) })}\0`);
    });
  return { call, on: (event: string, listener: (params: Answer) => void) => void listeners.push({ event, listener }) };
}

import type { LoomError, Pause } from '../core/index.ts';
import { drawLine, eraseLine, tell } from './terminal.ts';

/** Where nobody watches a terminal, a pause is told so often. */
const LOG_EVERY_MS = 30_000;
/** Failures within this time are told once. */
const TOGETHER_MS = 400;

/** Tells of pauses and further attempts on standard error, each pause with a countdown. */
export interface Waiting {
  pause(pause: Pause | null): void;
  retry(error: LoomError, waitMs: number): void;
}

const REASONS: Readonly<Record<Pause['reason'], string>> = {
  'rate-limited': 'asks for fewer requests (429)',
  network: 'cannot be reached',
  quota: 'lets so many requests through in five minutes and no more',
};

/** Lines on the waits for `host`; they end when `signal` is aborted. */
export function createWaiting(host: string, signal: AbortSignal): Waiting {
  const live = process.stderr.isTTY;
  let timer: NodeJS.Timeout | null = null;
  let told = { message: '', at: 0 };
  const stop = (words: string | null) => {
    if (timer === null) return;
    clearInterval(timer);
    timer = null;
    if (live) eraseLine();
    else if (words !== null) tell(words);
  };
  signal.addEventListener('abort', () => stop(null), { once: true });
  return {
    pause: (pause) => {
      if (pause === null || signal.aborted) {
        stop('Going on.');
        return;
      }
      if (timer !== null) clearInterval(timer);
      const line = () => {
        const seconds = Math.max(0, Math.ceil((pause.until - Date.now()) / 1000));
        const text = `${pause.host ?? host} ${REASONS[pause.reason]}: going on in ${seconds} s (Ctrl-C stops).`;
        if (live) drawLine(text);
        else tell(text);
      };
      line();
      timer = setInterval(line, live ? 1000 : LOG_EVERY_MS).unref();
    },
    retry: ({ tag, message }, waitMs) => {
      // Of a 429 the pause tells. Forty requests that fail together say one thing.
      const now = performance.now();
      if (tag === 'rate-limited' || signal.aborted || (message === told.message && now - told.at < TOGETHER_MS)) return;
      told = { message, at: now };
      const [what] = message.split(/(?<=\.) (?=[A-Z])/);
      tell(`${what} Trying again${waitMs === 0 ? '' : ` in ${(waitMs / 1000).toFixed(1)} s`} (Ctrl-C stops).`);
    },
  };
}

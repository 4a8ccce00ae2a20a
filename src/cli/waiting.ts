import type { LoomError, Pause } from '../core/index.ts';
import { drawLine, eraseLine, tell } from './terminal.ts';

/** Time between messages about a pause if standard error is not a terminal. */
const LOG_EVERY_MS = 30_000;
/** Equal failures within this time are reported once. */
const TOGETHER_MS = 400;

/** Reports pauses and retries on standard error, each pause with a countdown. */
export interface Waiting {
  pause(pause: Pause | null): void;
  retry(error: LoomError, waitMs: number): void;
}

const REASONS: Readonly<Record<Pause['reason'], string>> = {
  'rate-limited': 'asks for fewer requests (429)',
  network: 'cannot be reached',
  quota: 'limits the number of requests in five minutes',
};

/** Reports on waiting for `host`; they end when `signal` is aborted. */
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
        stop('Resuming.');
        return;
      }
      if (timer !== null) clearInterval(timer);
      const line = () => {
        const seconds = Math.max(0, Math.ceil((pause.until - Date.now()) / 1000));
        const text = `${pause.host ?? host} ${REASONS[pause.reason]}: resuming in ${seconds} s (Ctrl-C stops).`;
        if (live) drawLine(text);
        else tell(text);
      };
      line();
      timer = setInterval(line, live ? 1000 : LOG_EVERY_MS).unref();
    },
    retry: ({ tag, message }, waitMs) => {
      // The pause reports a 429. Many requests that fail together are reported once.
      const now = performance.now();
      if (tag === 'rate-limited' || signal.aborted || (message === told.message && now - told.at < TOGETHER_MS)) return;
      told = { message, at: now };
      const [what] = message.split(/(?<=\.) (?=[A-Z])/);
      tell(`${what} Retrying${waitMs === 0 ? '' : ` in ${(waitMs / 1000).toFixed(1)} s`} (Ctrl-C stops).`);
    },
  };
}

import { problemReply, rateLimited } from './errors.ts';
import type { Exchange, Reply } from './exchange.ts';

export type Bucket = 'api' | 'resolvers' | 'pages';
export type Quotas = Readonly<Record<Bucket, number>>;

/** What the Hub grants in 300 s, September 2025. */
const ANONYMOUS: Quotas = { api: 500, resolvers: 3000, pages: 100 };
const SIGNED_IN: Quotas = { api: 1000, resolvers: 5000, pages: 200 };

export interface RateSettings {
  /** Whether a used-up quota is answered 429; the headers are there either way. */
  enforce: boolean;
  windowSeconds: number;
  anonymous: Quotas;
  signedIn: Quotas;
  countPreflights: boolean;
  countResolveCache: boolean;
  /** The real Hub was never seen to send Retry-After. */
  retryAfter: boolean;
}

export const DEFAULT_RATE: RateSettings = {
  enforce: false,
  windowSeconds: 300,
  anonymous: ANONYMOUS,
  signedIn: SIGNED_IN,
  countPreflights: false,
  countResolveCache: false,
  retryAfter: false,
};

export function bucketOf(path: string): Bucket {
  if (path.startsWith('/api/')) return 'api';
  return /^\/(?:[^/]+\/){1,3}(?:resolve|raw)\//.test(path) ? 'resolvers' : 'pages';
}

export interface RateState {
  readonly resetSeconds: number;
  readonly headers: Record<string, string>;
  readonly exceeded: boolean;
}

/** Fixed windows, one count for each bucket of each address or token. */
export class RateCounter {
  readonly settings: RateSettings;
  readonly #now: () => number;
  readonly #counts = new Map<string, { window: number; used: number }>();

  constructor(settings: RateSettings, now: () => number) {
    this.settings = settings;
    this.#now = now;
  }

  #counted(exchange: Exchange): boolean {
    if (exchange.method === 'OPTIONS') return this.settings.countPreflights;
    return this.settings.countResolveCache || !exchange.path.startsWith('/api/resolve-cache/');
  }

  count(exchange: Exchange): RateState {
    const { windowSeconds, enforce } = this.settings;
    const seconds = this.#now() / 1000;
    const window = Math.floor(seconds / windowSeconds);
    const bucket = bucketOf(exchange.path);
    const key = `${bucket} ${exchange.authorization ?? exchange.client}`;
    const known = this.#counts.get(key);
    const used = (known?.window === window ? known.used : 0) + (this.#counted(exchange) ? 1 : 0);
    this.#counts.set(key, { window, used });
    const quota = (exchange.authorization === null ? this.settings.anonymous : this.settings.signedIn)[bucket];
    const remaining = Math.max(0, quota - used);
    const resetSeconds = Math.ceil((window + 1) * windowSeconds - seconds);
    const headers = {
      RateLimit: `"${bucket}";r=${remaining};t=${resetSeconds}`,
      'RateLimit-Policy': `"fixed window";"${bucket}";q=${quota};w=${windowSeconds}`,
    };
    return { resetSeconds, headers, exceeded: enforce && used > quota };
  }

  refuse(state: RateState): Reply {
    const answer = problemReply(rateLimited(), 'json');
    if (this.settings.retryAfter) answer.headers['Retry-After'] = String(state.resetSeconds);
    return answer;
  }
}

import type { Body } from './body.ts';
import type { Exchange, Origin, Reply, Transport } from './exchange.ts';
import type { Quotas } from './rate.ts';

/** What a fault does to a request. Those of one line have no settings; the others name theirs. */
export type FaultAction =
  | { type: 'rate429'; retryAfter?: number; r?: number; t?: number; cors?: boolean }
  | { type: 'quotaReal'; anonymous?: Quotas; signedIn?: Quotas; windowSeconds?: number }
  | { type: '5xx'; status?: 500 | 502 | 503 | 504; html?: boolean; cors?: boolean }
  | { type: 'reset'; afterBytes?: number }
  | { type: 'truncateCL'; bytes: number }
  | { type: 'truncateChunked'; bytes: number }
  | { type: 'slow'; bps: number }
  | { type: 'stall'; afterBytes: number; ms: number }
  /** `until` holds the answer back for as long as a test in the same process wants. */
  | { type: 'ttfb'; ms: number; until?: Promise<void> }
  | { type: 'ignoreRange'; bps?: number }
  | { type: 'wrongContentRange'; mode: 'shift' | 'total' | 'missing' | '*' }
  | { type: 'rangeShiftedBody'; by?: number }
  /** `byte` of the file, counted from its end where it is negative. */
  | { type: 'flipBit'; byte: number }
  | { type: 'overlong'; bytes?: number }
  | { type: 'sizeFlip' | 'commitFlip'; repo?: string }
  | { type: 'sigExpired' | 'sigWrongRange' | '416'; cors?: boolean }
  | { type: 'gated401' | 'gated403' | 'gateRevoked' | '404rev'; cors?: boolean }
  | { type: '401bare' | '401badcreds' | '404repo' | '404entry' | 'disabled403'; cors?: boolean }
  | { type: 'preflightFail'; status?: 403 | 405 }
  | { type: 'etagFlip' | 'cdnHostSwap' | 'noCORS' | 'gzipOnRange' | 'cacheable' }
  | { type: 'redirectLoop' | 'redirectToHttp' | 'redirectToEvil' }
  | { type: 'linkLoop' | 'linkForeign' }
  | WrittenAnswer;

/** The finished answer written over, for what has no name of its own; what is not given stays. */
export interface WrittenAnswer {
  readonly type: 'answer';
  readonly status?: number;
  /** None of the server's own headers: as whoever stands between would answer. */
  readonly bare?: boolean;
  /** Set, or taken out where null. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string | Body;
  /** Changes the answer as it then is. Only for rules that are added in this process. */
  readonly edit?: (answer: Reply) => void;
  readonly transport?: Transport;
}

/** Every fault that has a name of its own. */
export const FAULT_TYPES: ReadonlySet<FaultAction['type']> = new Set<FaultAction['type']>([
  'rate429',
  'quotaReal',
  '5xx',
  'reset',
  'truncateCL',
  'truncateChunked',
  'slow',
  'stall',
  'ttfb',
  'ignoreRange',
  'wrongContentRange',
  'rangeShiftedBody',
  'flipBit',
  'overlong',
  'sizeFlip',
  'commitFlip',
  'sigExpired',
  'sigWrongRange',
  '416',
  'gated401',
  'gated403',
  'gateRevoked',
  '404rev',
  '401bare',
  '401badcreds',
  '404repo',
  '404entry',
  'disabled403',
  'preflightFail',
  'etagFlip',
  'cdnHostSwap',
  'noCORS',
  'gzipOnRange',
  'cacheable',
  'redirectLoop',
  'redirectToHttp',
  'redirectToEvil',
  'linkLoop',
  'linkForeign',
]);

/** Which requests a fault strikes. All that is given must hold; counting is over the requests that match. */
export interface FaultRule {
  readonly origin?: Origin | undefined;
  /** Without it every method but OPTIONS, and for `preflightFail` OPTIONS alone. */
  readonly methodRe?: string | RegExp | undefined;
  /** Against path and query; the CDN's query holds the file's name. */
  readonly pathRe?: string | RegExp | undefined;
  /** Against the Range header, or `''` without one. */
  readonly rangeRe?: string | RegExp | undefined;
  /** Skip so many matches first. */
  readonly after?: number | undefined;
  /** Only the n-th match (from 1, after those skipped). */
  readonly nth?: number | undefined;
  /** Each n-th match. */
  readonly every?: number | undefined;
  /** 0 to 1; drawn from the server's seed, so that a run repeats. */
  readonly probability?: number | undefined;
  /** Strike at most so often. */
  readonly times?: number | undefined;
  readonly action: FaultAction;
}

interface ActiveRule {
  readonly rule: FaultRule;
  readonly method: RegExp;
  readonly path: RegExp;
  readonly range: RegExp;
  seen: number;
  struck: number;
}

/** A small seeded generator (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

function activate(rule: FaultRule): ActiveRule {
  const usual = rule.action.type === 'preflightFail' ? /^OPTIONS$/ : /^(?!OPTIONS$)/;
  return {
    rule,
    method: rule.methodRe === undefined ? usual : new RegExp(rule.methodRe),
    path: new RegExp(rule.pathRe ?? ''),
    range: new RegExp(rule.rangeRe ?? ''),
    seen: 0,
    struck: 0,
  };
}

function matches({ rule, method, path, range }: ActiveRule, exchange: Exchange): boolean {
  if (rule.origin !== undefined && rule.origin !== exchange.origin) return false;
  return method.test(exchange.method) && path.test(exchange.url) && range.test(exchange.range ?? '');
}

/** The rules in force; deterministic for a given seed and order of requests. */
export class FaultBook {
  readonly #seed: number;
  #rules: ActiveRule[] = [];
  #random: () => number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
  }

  /** Gives back what takes the rule out again. */
  add(rule: FaultRule): () => void {
    if (rule.action?.type !== 'answer' && !FAULT_TYPES.has(rule.action?.type))
      throw new Error(`no fault ${rule.action?.type}`);
    const active = activate(rule);
    this.#rules.push(active);
    return () => {
      this.#rules = this.#rules.filter((one) => one !== active);
    };
  }

  clear(): void {
    this.#rules = [];
    this.#random = seededRandom(this.#seed);
  }

  list(): { action: FaultAction; seen: number; struck: number }[] {
    return this.#rules.map(({ rule, seen, struck }) => ({ action: rule.action, seen, struck }));
  }

  #strikes(active: ActiveRule): boolean {
    const { after = 0, nth, every, probability, times } = active.rule;
    active.seen += 1;
    const count = active.seen - after;
    if (count < 1 || (times !== undefined && active.struck >= times)) return false;
    if (nth !== undefined && count !== nth) return false;
    if (every !== undefined && count % every !== 0) return false;
    if (probability !== undefined && this.#random() >= probability) return false;
    active.struck += 1;
    return true;
  }

  /** The actions that strike this request, in the order in which the rules were added; counts it. */
  draw(exchange: Exchange): FaultAction[] {
    const hits = this.#rules.filter((active) => matches(active, exchange) && this.#strikes(active));
    return hits.map(({ rule }) => rule.action);
  }
}

import { createGate, type Gate, type GateOptions } from '../remote/gate.ts';
import { createQuotaCounter, type QuotaCounter } from '../remote/quota.ts';

/** File requests that an address without a token may make in that time (the Hub's documentation, September 2025). */
const ANONYMOUS_RESOLVER_QUOTA = 3000;
/** Requests left unused: other tabs and programs of this address ask too. */
const LEFT_UNUSED = 50;

/** How we treat one Hub: what bounds the requests in flight, makes all wait, and counts them. */
export interface Manners {
  readonly gate: Gate;
  readonly quota: QuotaCounter;
}

/** Manners that pause all requests before the anonymous quota of `most` file requests in 300 s is used up. */
export function createManners(
  options: Omit<GateOptions, 'holdMs'> = {},
  most = ANONYMOUS_RESOLVER_QUOTA - LEFT_UNUSED,
): Manners {
  const quota = createQuotaCounter(options.clock?.now);
  /** What is in flight may not have been counted yet. */
  const holdMs = (inFlight: number) => (quota.used() + inFlight < most ? 0 : Math.max(1, quota.freeIn()) * 1000);
  return { gate: createGate({ ...options, holdMs }), quota };
}

const shared = new Map<string, Manners>();

/** The manners that all repos of one Hub share in this worker: it counts by address, not by repo. */
export function mannersOf(endpoint: string): Manners {
  const known = shared.get(endpoint) ?? createManners();
  shared.set(endpoint, known);
  return known;
}

import { isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import type { Clock } from '../source/clock.ts';

/** Signed addresses hold for an hour; one of this age is replaced before it fails. */
export const LINK_AGE_MS = 50 * 60_000;
/** After so many files in a row whose address could not be used, none is asked for any more. */
const FAILURES = 2;

/** Finds the signed address of a file; null when there is none that can be used. */
export type Sign = (signal: AbortSignal) => Promise<string | null>;

/** Signed addresses, by file: secrets that stay in memory, and are in no error, event or key. */
export interface Links {
  /**
   * The address of a file, asked for once by all who want it at a time; null when it has to be read without.
   *
   * @throws LoomError `cancelled`, `rate-limited`, and `network` where addresses were found before.
   */
  of(file: string, sign: Sign, signal: AbortSignal | undefined): Promise<string | null>;
  /** Forgets an address that was refused. */
  drop(file: string, url: string): void;
  clear(): void;
}

interface Link {
  readonly url: Promise<string | null>;
  readonly since: number;
  readonly waiting: Set<symbol>;
  readonly stop: () => void;
  settled: string | null;
}

export function createLinks(clock: Clock): Links {
  const links = new Map<string, Link>();
  let failures = 0;
  let proven = false;
  const find = async (sign: Sign, signal: AbortSignal): Promise<string | null> => {
    try {
      const url = await sign(signal);
      if (url !== null) proven = true;
      failures = url === null ? failures + 1 : 0;
      return url;
    } catch (error) {
      if (isLoomError(error) && mustBeTold(error, proven)) throw error;
      failures++;
      return null;
    }
  };
  const begin = (file: string, sign: Sign): Link => {
    const abort = new AbortController();
    const url = find(sign, abort.signal);
    const link: Link = { url, since: clock.now(), waiting: new Set(), stop: () => abort.abort(), settled: null };
    const forget = () => {
      if (links.get(file) === link) links.delete(file);
    };
    url.then((found) => {
      link.settled = found;
      if (found === null) forget();
    }, forget);
    links.set(file, link);
    return link;
  };
  return {
    of: async (file, sign, signal) => {
      throwIfAborted(signal);
      const known = links.get(file);
      if (!known && failures >= FAILURES) return null;
      const fresh = known !== undefined && clock.now() - known.since < LINK_AGE_MS;
      const link = fresh ? known : begin(file, sign);
      return link.settled ?? waitFor(link, signal, () => links.get(file) === link && links.delete(file));
    },
    drop: (file, url) => {
      if (links.get(file)?.settled === url) links.delete(file);
    },
    clear: () => links.clear(),
  };
}

/** Reading without a signed address would meet the same. */
function mustBeTold({ tag }: LoomError, proven: boolean): boolean {
  return tag === 'cancelled' || tag === 'rate-limited' || (tag === 'network' && proven);
}

/** One of several who wait; the search stops when the last has left. */
async function waitFor(link: Link, signal: AbortSignal | undefined, onAllLeft: () => void): Promise<string | null> {
  const me = Symbol('waits');
  link.waiting.add(me);
  let leave = () => {};
  const left = new Promise<never>((_resolve, reject) => {
    leave = () => reject(new LoomError('cancelled', 'The work was stopped.'));
  });
  signal?.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([link.url, left]);
  } finally {
    signal?.removeEventListener('abort', leave);
    link.waiting.delete(me);
    if (signal?.aborted && link.waiting.size === 0 && link.settled === null) {
      onAllLeft();
      link.stop();
    }
  }
}

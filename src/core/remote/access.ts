import { type ErrorTag, isLoomError, type LoomError } from '../errors.ts';

/** When a token is sent: once anonymous access was refused, or with every request to its Hub. */
export type Authenticate = 'when-needed' | 'always';

/** What the Hub says to strangers where a token may open the door. */
const CLOSED: ReadonlySet<ErrorTag> = new Set<ErrorTag>(['repo-gated', 'repo-not-found', 'access-denied']);

/** Decides which requests for a repo carry the token. */
export interface Access {
  /** True while requests carry the token. */
  readonly signedIn: boolean;
  /** Takes note of what the listing says: files that are closed to strangers are not asked for as one. */
  learn(info: { readonly gated: unknown; readonly private: boolean }): void;
  /** Runs `task` as a stranger or signed in, and once more the other way where that may help. */
  run<T>(task: (signedIn: boolean) => Promise<T>): Promise<T>;
}

/**
 * Access that sends a token no earlier than asked.
 *
 * A token costs a browser one preflight for each address; where those fail and the repo is public, it continues without.
 */
export function createAccess(hasToken: boolean, authenticate: Authenticate = 'when-needed'): Access {
  let signedIn = hasToken && authenticate === 'always';
  let closed = false;
  /** An answer came to a request with the token: the way is open, and a lost connection is no more than that. */
  let proven = false;
  const asOther = async <T>(task: (signedIn: boolean) => Promise<T>, mine: boolean, error: LoomError): Promise<T> => {
    if (!mine) {
      signedIn = true;
      return task(true);
    }
    const result = await task(false).catch(() => {
      throw error;
    });
    signedIn = false;
    return result;
  };
  return {
    get signedIn() {
      return signedIn;
    },
    learn: (info) => {
      closed = info.private || info.gated !== false;
      if (closed && hasToken) signedIn = true;
    },
    run: async (task) => {
      const mine = signedIn;
      try {
        const result = await task(mine);
        proven ||= mine;
        return result;
      } catch (error) {
        if (!isLoomError(error) || !hasToken) throw error;
        const helps = mine ? !closed && !proven && isUnanswered(error) : CLOSED.has(error.tag);
        if (!helps) throw error;
        return asOther(task, mine, error);
      }
    },
  };
}

/** A refused preflight looks like a connection that never was. */
function isUnanswered({ tag, fields }: LoomError): boolean {
  return tag === 'network' && !fields.received;
}

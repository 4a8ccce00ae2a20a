import { create } from 'zustand';
import { type KeptAccess, readKept, writeKept } from './kept-access.ts';

/** Access to one Hub: a token that goes to its origin and nowhere else. */
export interface Account extends KeptAccess {
  /** In this browser's storage too; else in memory alone. */
  readonly kept: boolean;
  /** Send the token with every request to its Hub, not only where strangers are refused. */
  readonly always: boolean;
}

interface AccessState {
  /** By the origin they were given for: a link that names another Hub never gets them. */
  readonly accounts: Readonly<Record<string, Account>>;
  /** Takes a token for one Hub instead of the one before. False where it was to be kept and the browser keeps nothing. */
  readonly set: (endpoint: string, given: Omit<Account, 'always'>) => boolean;
  /** Keeps the token of a Hub in storage or in memory alone. False where the browser keeps nothing. */
  readonly keep: (endpoint: string, kept: boolean) => boolean;
  readonly sendAlways: (endpoint: string, always: boolean) => void;
  /** Releases a token, in memory and in storage. */
  readonly forget: (endpoint: string) => void;
}

/** Access to Hubs: in memory, and in this browser's storage only where the person asked for that. */
export const useAccess = create<AccessState>()((set, get) => {
  const put = (endpoint: string, account: Account): boolean => {
    const { token, user, expires, scopes } = account;
    const kept =
      writeKept(storageHere(), endpoint, account.kept ? { token, user, expires, scopes } : null) && account.kept;
    set({ accounts: { ...get().accounts, [endpoint]: { ...account, kept } } });
    return kept === account.kept;
  };
  const patch = (endpoint: string, part: Partial<Account>): boolean => {
    const account = get().accounts[endpoint];
    return account !== undefined && put(endpoint, { ...account, ...part });
  };
  const kept = Object.entries(readKept(storageHere(), Date.now()));
  return {
    accounts: Object.fromEntries(
      kept.map(([endpoint, access]) => [endpoint, { ...access, kept: true, always: false }]),
    ),
    set: (endpoint, given) => put(endpoint, { ...given, always: get().accounts[endpoint]?.always ?? false }),
    keep: (endpoint, wanted) => patch(endpoint, { kept: wanted }),
    sendAlways: (endpoint, always) => void patch(endpoint, { always }),
    forget: (endpoint) => {
      writeKept(storageHere(), endpoint, null);
      const { [endpoint]: _, ...accounts } = get().accounts;
      set({ accounts });
    },
  };
});

/** The access that is valid now for one Hub. */
export function accountOf(accounts: Readonly<Record<string, Account>>, endpoint: string): Account | null {
  const account = accounts[endpoint];
  if (!account) return null;
  return account.expires === null || account.expires > Date.now() ? account : null;
}

/** Null where pages may not store anything. */
function storageHere(): Storage | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

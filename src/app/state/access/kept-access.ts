import { parseEndpoint } from '../address.ts';

/** Access to one Hub that the person asked this browser to keep. */
export interface KeptAccess {
  readonly token: string;
  /** Who signed in; null for a token that was pasted. */
  readonly user: string | null;
  /** Milliseconds since the epoch; null where it is not known. */
  readonly expires: number | null;
  /** What signing in granted; null for a token that was pasted, and where it was not noted. */
  readonly scopes: string | null;
}

const KEY = 'moe-loom-access';
const LIMIT_TOKEN = 1024;

/** What this browser keeps, by the origin of the Hub. What is not of that form, or expired, is left out. */
export function readKept(storage: Storage | null, now: number): Readonly<Record<string, KeptAccess>> {
  const found: Record<string, KeptAccess> = {};
  for (const [endpoint, value] of Object.entries(stored(storage))) {
    const kept = isOrigin(endpoint) ? checked(value) : null;
    if (kept && (kept.expires === null || kept.expires > now)) found[endpoint] = kept;
  }
  return found;
}

/** Keeps access to one Hub, or with null releases it. False where the browser keeps nothing: private mode, blocked storage. */
export function writeKept(storage: Storage | null, endpoint: string, access: KeptAccess | null): boolean {
  try {
    const { [endpoint]: _, ...others } = readKept(storage, 0);
    const kept = access === null ? others : { ...others, [endpoint]: access };
    if (Object.keys(kept).length === 0) storage?.removeItem(KEY);
    else storage?.setItem(KEY, JSON.stringify(kept));
    return storage !== null;
  } catch {
    return false;
  }
}

function stored(storage: Storage | null): object {
  try {
    const value: unknown = JSON.parse(storage?.getItem(KEY) ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function isOrigin(endpoint: string): boolean {
  return endpoint === 'https://huggingface.co' || parseEndpoint(endpoint) === endpoint;
}

function checked(value: unknown): KeptAccess | null {
  const { token, user, expires, scopes } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (typeof token !== 'string' || token.length > LIMIT_TOKEN || !/^[\x21-\x7e]+$/.test(token)) return null;
  return {
    token,
    user: typeof user === 'string' ? user : null,
    expires: typeof expires === 'number' ? expires : null,
    scopes: typeof scopes === 'string' && scopes.length <= LIMIT_TOKEN ? scopes : null,
  };
}

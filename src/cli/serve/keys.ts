import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** More browsers than this forget the oldest. */
const MOST_SESSIONS = 16;
const KEY_BYTES = 24;

/**
 * Who may read: whoever opened a link. A link's token works once and gives the browser a session; then there is a new one.
 */
export interface Keys {
  /** The token of the next link. */
  token(): string;
  /** The session that the token of a link gives; null for another token, and for one that was used. */
  redeem(token: string): string | null;
  isSession(session: string): boolean;
}

export function createKeys(random: () => string = () => randomBytes(KEY_BYTES).toString('base64url')): Keys {
  let token = random();
  const sessions: string[] = [];
  return {
    token: () => token,
    redeem: (given) => {
      if (!equal(given, token)) return null;
      token = random();
      const session = random();
      sessions.push(session);
      if (sessions.length > MOST_SESSIONS) sessions.shift();
      return session;
    },
    isSession: (given) => sessions.some((session) => equal(given, session)),
  };
}

/** In a time that does not tell how much of a guess was right. */
function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** The value of a cookie; null where there is none, or two of one name. */
export function cookieOf(header: string | undefined, name: string): string | null {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 ? (values[0] as string) : null;
}

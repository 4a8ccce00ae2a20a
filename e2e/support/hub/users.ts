/** What a token lets its bearer do. */
export interface User {
  readonly name: string;
  /** Reads gated repos. */
  readonly accepted: boolean;
  /** Reads private repos. */
  readonly owner: boolean;
  readonly scoped: boolean;
  /** Set for tokens of a sign-in: scopes that were granted. */
  readonly scopes?: readonly string[];
}

/** Whether a token may write to repos that are there; with `creates`, make new ones. */
export function mayWrite({ owner, scopes }: User, creates = false): boolean {
  const needed = creates ? ['contribute-repos', 'manage-repos'] : ['write-repos', 'contribute-repos', 'manage-repos'];
  return owner && (scopes === undefined || needed.some((scope) => scopes.includes(scope)));
}

export type Caller = { kind: 'anonymous' } | { kind: 'invalid' } | { kind: 'user'; user: User; token: string };

const USERS = new Map<string, User>([
  ['hf_reader', { name: 'reader', accepted: false, owner: false, scoped: true }],
  ['hf_member', { name: 'member', accepted: true, owner: false, scoped: true }],
  ['hf_owner', { name: 'owner', accepted: true, owner: true, scoped: true }],
  ['hf_noscope', { name: 'noscope', accepted: false, owner: false, scoped: false }],
]);
/** Well-formed, known, and of no use any more. */
export const EXPIRED_TOKEN = 'hf_expired';

/** The tokens of one server: the fixed ones and those that OAuth hands out. */
export class TokenBook {
  readonly #tokens = new Map(USERS);

  add(token: string, user: User): void {
    this.#tokens.set(token, user);
  }

  callerOf(authorization: string | null): Caller {
    if (authorization === null) return { kind: 'anonymous' };
    const token = authorization.replace(/^Bearer\s+/i, '');
    const user = this.#tokens.get(token);
    return user === undefined ? { kind: 'invalid' } : { kind: 'user', user, token };
  }
}

export function userNamed(name: string): User {
  const user = [...USERS.values()].find((one) => one.name === name);
  if (user === undefined) throw new Error(`no user ${name}`);
  return user;
}

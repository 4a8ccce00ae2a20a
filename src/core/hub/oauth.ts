import { isLoomError, LoomError } from '../errors.ts';
import { HUB_ENDPOINT } from './reference.ts';
import { SIGN_IN_SCOPES } from './scopes.ts';

export { isSignInReturn } from './sign-in-return.ts';

export interface SignInRequest {
  /** As registered at the Hub for this page; it is no secret. */
  readonly clientId: string;
  /** Where the Hub sends the browser back to: an address that is registered with the client id. */
  readonly redirectUrl: string;
  readonly scopes?: string | undefined;
  readonly endpoint?: string | undefined;
}

/** A sign-in that has begun: to be kept until the browser is back (`sessionStorage` does), and used once. */
export interface PendingSignIn {
  /** Where to send the browser now. */
  readonly url: string;
  readonly endpoint: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** What signing in gave. The token belongs to `endpoint` and goes nowhere else. */
export interface SignIn {
  readonly token: string;
  readonly endpoint: string;
  readonly user: string;
  readonly scopes: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/**
 * Prepares a sign-in with PKCE; nothing is stored, and nobody is sent anywhere yet.
 *
 * Needs a secure context (https or localhost).
 * @throws LoomError `sign-in-failed`.
 */
export async function startSignIn(request: SignInRequest): Promise<PendingSignIn> {
  const { clientId, redirectUrl, scopes = SIGN_IN_SCOPES, endpoint = HUB_ENDPOINT } = request;
  const secrets: { codeVerifier?: string; nonce?: string } = {};
  const url = await attempt(endpoint, async () => {
    const { oauthLoginUrl } = await import('@huggingface/hub');
    return oauthLoginUrl({ clientId, redirectUrl, scopes, hubUrl: endpoint, localStorage: secrets });
  });
  const { nonce, codeVerifier } = secrets;
  if (nonce === undefined || codeVerifier === undefined || originOf(url) !== originOf(endpoint)) {
    const message = `${hostOf(endpoint)} sends sign-ins elsewhere, so none was begun. Check the address of the Hub.`;
    throw new LoomError('sign-in-failed', message);
  }
  return { url, endpoint, nonce, codeVerifier };
}

/**
 * Ends a sign-in with the address that the browser came back to.
 *
 * @throws LoomError `sign-in-failed`: declined, another sign-in's answer, or the Hub does not take it.
 */
export async function finishSignIn(address: string, pending: PendingSignIn): Promise<SignIn> {
  const { endpoint, nonce, codeVerifier } = pending;
  const query = new URL(address).searchParams;
  if (query.has('error')) {
    const declined = query.get('error') === 'access_denied';
    const why = declined ? 'was declined' : 'failed';
    throw new LoomError(
      'sign-in-failed',
      `Signing in at ${hostOf(endpoint)} ${why}. Retry, or continue without signing in.`,
    );
  }
  const result = await attempt(endpoint, async () => {
    const { oauthHandleRedirect } = await import('@huggingface/hub');
    return oauthHandleRedirect({ redirectedUrl: address, nonce, codeVerifier, hubUrl: endpoint });
  });
  return {
    token: result.accessToken,
    endpoint,
    user: result.userInfo.preferred_username,
    scopes: result.scope,
    expires: result.accessTokenExpiresAt.getTime(),
  };
}

/** The library's errors repeat addresses, codes included: ours do not, and do not carry them along. */
async function attempt<T>(endpoint: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isLoomError(error)) throw error;
    const message = `Signing in at ${hostOf(endpoint)} failed. Retry; if it fails again, enter an access token.`;
    throw new LoomError('sign-in-failed', message);
  }
}

function originOf(address: string): string | null {
  return URL.canParse(address) ? new URL(address).origin : null;
}

function hostOf(endpoint: string): string {
  return URL.canParse(endpoint) ? new URL(endpoint).host : 'the Hub';
}

import { create } from 'zustand';
import {
  finishSignIn,
  fromWire,
  HUB_ENDPOINT,
  isLoomError,
  isSignInReturn,
  type LoomError,
  type PendingSignIn,
  readScopesOf,
  startSignIn,
  toWire,
} from '../../../core/index.ts';
import { parseEndpoint } from '../address.ts';
import { useAccess } from './access.ts';

const KEY = 'moe-loom-sign-in';

/** This page as it is registered at one Hub. */
export interface SignInClient {
  readonly endpoint: string;
  readonly clientId: string;
  /** All that may be asked for; undefined where the page does not say. */
  readonly scopes: string | undefined;
}

/** A sign-in under way, kept while the browser is at the Hub. */
interface Kept {
  readonly pending: PendingSignIn;
  /** Query of the address to come back to. */
  readonly search: string;
  readonly keep: boolean;
}

interface SignInState {
  readonly status: 'idle' | 'leaving' | 'returning';
  readonly error: LoomError | null;
}

/** How signing in goes; the token that it gives is access like any other. */
export const useSignIn = create<SignInState>()(() => ({ status: 'idle', error: null }));

/**
 * What the page says of its registration: `<meta name="moe-loom-oauth-client" content="<client id>">`, with
 * `data-endpoint` for another Hub than huggingface.co and `data-scopes` for other scopes; in a static Space of the Hub,
 * what that gives its pages. Null where there is none.
 */
export function readSignInClient(): SignInClient | null {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="moe-loom-oauth-client"]');
  const { endpoint, scopes } = meta?.dataset ?? {};
  if (meta && meta.content !== '') {
    return { endpoint: parseEndpoint(endpoint ?? null) ?? HUB_ENDPOINT, clientId: meta.content, scopes };
  }
  const { OAUTH_CLIENT_ID: clientId, OAUTH_SCOPES: given } = spaceVariables();
  if (typeof clientId !== 'string' || clientId === '') return null;
  return { endpoint: HUB_ENDPOINT, clientId, scopes: typeof given === 'string' ? given : undefined };
}

function spaceVariables(): Readonly<Record<string, unknown>> {
  const { huggingface } = globalThis as { huggingface?: { variables?: Record<string, unknown> } };
  return huggingface?.variables ?? {};
}

/**
 * Leaves for the Hub to sign in; `keep` says whether the browser shall keep what comes of it. Unless `scopes` says otherwise, no
 * right to write is asked for.
 */
export async function signIn(client: SignInClient, keep: boolean, scopes = readScopesOf(client.scopes)): Promise<void> {
  const { endpoint, clientId } = client;
  useSignIn.setState({ status: 'leaving', error: null });
  const { origin, pathname, search } = window.location;
  try {
    const pending = await startSignIn({ endpoint, clientId, scopes, redirectUrl: origin + pathname });
    const kept: Kept = { pending, search, keep };
    sessionStorage.setItem(KEY, JSON.stringify(kept));
    window.location.assign(pending.url);
  } catch (error) {
    useSignIn.setState({ status: 'idle', error: loomError(error) });
  }
}

/** Takes the Hub's answer out of the address before anything else sees it, and turns it into access. */
export function takeSignInReturn(): void {
  const { href, pathname } = window.location;
  if (!isSignInReturn(href)) return;
  const kept = takeKept();
  window.history.replaceState(null, '', pathname + (kept?.search ?? ''));
  window.dispatchEvent(new PopStateEvent('popstate'));
  void finish(href, kept);
}

async function finish(href: string, kept: Kept | null): Promise<void> {
  useSignIn.setState({ status: 'returning', error: null });
  try {
    if (!kept) throw lost();
    const { token, endpoint, user, scopes, expires } = await finishSignIn(href, kept.pending);
    useAccess.getState().set(endpoint, { token, user, scopes, expires, kept: kept.keep });
    useSignIn.setState({ status: 'idle' });
  } catch (error) {
    useSignIn.setState({ status: 'idle', error: loomError(error) });
  }
}

/** Forgets that signing in failed. */
export function dismissSignInError(): void {
  useSignIn.setState({ error: null });
}

/** What was kept when the browser left; it is used once. */
function takeKept(): Kept | null {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return text === null ? null : (JSON.parse(text) as Kept);
  } catch {
    return null;
  }
}

function lost(): LoomError {
  const message = 'An answer to signing in came that this tab did not ask for, so it was dropped. Sign in again.';
  return fromWire({ tag: 'sign-in-failed', message, fields: {} });
}

function loomError(error: unknown): LoomError {
  return isLoomError(error) ? error : fromWire(toWire(error));
}

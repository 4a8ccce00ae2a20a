import { afterAll, beforeAll, expect, it } from 'vitest';
import { presetRepos } from '../../../e2e/support/hub/presets.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { toWire } from '../errors.ts';
import { finishSignIn, isSignInReturn, type PendingSignIn, startSignIn } from './oauth.ts';
import { openHubRepo } from './repo.ts';
import { SIGN_IN_SCOPES } from './scopes.ts';

const BACK = 'http://localhost:7003/app/';
let hub: HubServer;

beforeAll(async () => {
  hub = await startHub({ repos: presetRepos() });
});
afterAll(async () => {
  expect(hub.leaks).toEqual([]);
  await hub.close();
});

const start = () => startSignIn({ clientId: 'client', redirectUrl: BACK, endpoint: hub.url });

/** What the browser does: it goes to the Hub, and comes back. */
async function visit(pending: PendingSignIn, as?: string): Promise<string> {
  const url = new URL(pending.url);
  if (as) url.searchParams.set('as', as);
  const answer = await fetch(url, { redirect: 'manual' });
  return answer.headers.get('location') ?? '';
}

it('signs in with PKCE and reads a gated repo', async () => {
  const pending = await start();
  const asked = new URL(pending.url).searchParams;
  expect(asked.get('code_challenge_method')).toBe('S256');
  expect(asked.get('scope')).toBe(SIGN_IN_SCOPES);
  expect(pending.url).not.toContain(pending.codeVerifier);
  const address = await visit(pending);
  expect(address.startsWith(BACK)).toBe(true);
  expect(isSignInReturn(address)).toBe(true);
  const signIn = await finishSignIn(address, pending);
  expect(signIn).toMatchObject({ endpoint: hub.url, user: 'member', scopes: SIGN_IN_SCOPES });
  expect(signIn.token).toMatch(/^hf_oauth_/);
  expect(signIn.expires).toBeGreaterThan(Date.now());
  const repo = await openHubRepo('preset/gated-manual', { endpoint: hub.url, token: signIn.token });
  expect((await (await repo.open('config.json')).read({ start: 0, end: 1 })).length).toBe(1);
});

it('says that it was declined', async () => {
  const pending = await start();
  const address = await visit(pending, 'nobody');
  expect(isSignInReturn(address)).toBe(true);
  await expect(finishSignIn(address, pending)).rejects.toMatchObject({
    tag: 'sign-in-failed',
    message: `Signing in at ${new URL(hub.url).host} was declined. Retry, or continue without signing in.`,
  });
});

it('takes an answer once, and none of another sign-in', async () => {
  const [one, two] = [await start(), await start()];
  const address = await visit(one);
  await expect(finishSignIn(address, two)).rejects.toMatchObject({ tag: 'sign-in-failed' });
  await finishSignIn(address, one);
  const error = await finishSignIn(address, one).catch((thrown: unknown) => thrown);
  const code = new URL(address).searchParams.get('code') ?? 'none';
  expect(toWire(error).tag).toBe('sign-in-failed');
  expect(JSON.stringify([toWire(error), error instanceof Error ? [error.stack, error.cause] : ''])).not.toContain(code);
});

it('knows an address that is no answer, and a Hub that does not answer', async () => {
  for (const address of [BACK, `${BACK}?code=1`, 'nonsense']) expect(isSignInReturn(address)).toBe(false);
  const gone = await startHub({ repos: [] });
  await gone.close();
  const lost = startSignIn({ clientId: 'client', redirectUrl: BACK, endpoint: gone.url });
  await expect(lost).rejects.toMatchObject({ tag: 'sign-in-failed' });
});

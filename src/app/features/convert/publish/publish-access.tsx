import { useState } from 'react';
import { HUB_ENDPOINT, publishScopesOf } from '../../../../core/index.ts';
import { isInForeignFrame, OwnTabLink } from '../../../parts/framed.tsx';
import { Shown } from '../../../parts/shown.tsx';
import type { Account } from '../../../state/access/access.ts';
import { readSignInClient, type SignInClient, signIn, useSignIn } from '../../../state/access/sign-in.ts';

interface PublishAccessProps {
  /** Null for huggingface.co. */
  readonly endpoint: string | null;
  /** Access without the right to write; null for none. */
  readonly account: Account | null;
  /** True for a result that is gone once this page is left. */
  readonly unsaved: boolean;
}

/** Says what publishing needs, and the ways to it: signing in with the right to write, and a token. */
export function PublishAccess({ endpoint, account, unsaved }: PublishAccessProps) {
  const [client] = useState(readSignInClient);
  const error = useSignIn((state) => state.error);
  const registered = client?.endpoint === (endpoint ?? HUB_ENDPOINT) ? client : null;
  const scopes = registered && publishScopesOf(registered.scopes);
  return (
    <div className="callout warn">
      <p>
        {account === null ? (
          'To publish from this page, you need write access to the Hub.'
        ) : (
          <>
            You are signed in
            {account.user !== null && (
              <>
                {' '}
                as <Shown text={account.user} />
              </>
            )}{' '}
            to read only. Publishing needs write access.
          </>
        )}
      </p>
      <p>
        <Ways offered={scopes !== null && !unsaved} registered={registered !== null} unsaved={unsaved} />
      </p>
      <div className="row">
        {registered && scopes !== null && !unsaved && (
          <SignInToWrite client={registered} scopes={scopes} kept={account?.kept ?? false} />
        )}
        <button type="button" className="button small" onClick={askAccess}>
          {account === null ? 'Enter a token' : 'Sign out to enter a token'}
        </button>
      </div>
      {error && (
        <p role="alert">
          <Shown text={error.message} />
        </p>
      )}
    </div>
  );
}

interface WaysProps {
  readonly offered: boolean;
  readonly registered: boolean;
  readonly unsaved: boolean;
}

function Ways({ offered, registered, unsaved }: WaysProps) {
  if (offered)
    return 'Sign in and allow this page to create repositories and to write to yours. The Hub asks you first; this page cannot delete any. Afterwards, choose Report under Finished conversions. Or enter a token with write access.';
  if (registered && unsaved)
    return 'Signing in leaves this page, and this result is in memory only. Enter a token with write access.';
  return registered
    ? 'This page is not registered for it at the Hub. Enter a token with write access.'
    : 'Enter a token with write access.';
}

/** The Hub's sign-in page shows itself in no frame. */
function SignInToWrite({ client, scopes, kept }: { readonly client: SignInClient; scopes: string; kept: boolean }) {
  const status = useSignIn((state) => state.status);
  if (isInForeignFrame()) return <OwnTabLink />;
  return (
    <button
      type="button"
      className="button small primary"
      disabled={status === 'leaving'}
      onClick={() => void signIn(client, kept, scopes)}
    >
      {status === 'leaving' ? 'Opening the Hub …' : 'Sign in with write access'}
    </button>
  );
}

/** Opens the access of the top bar. */
function askAccess(): void {
  document.querySelector<HTMLElement>('[data-access]')?.click();
}

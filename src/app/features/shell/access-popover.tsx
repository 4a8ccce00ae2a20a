import { Popover } from 'radix-ui';
import { useRef, useState } from 'react';
import { describePrivateHost } from '../../../core/index.ts';
import { isInForeignFrame, OwnTabLink } from '../../parts/framed.tsx';
import { Shown } from '../../parts/shown.tsx';
import { type Account, accountOf, useAccess } from '../../state/access/access.ts';
import { readSignInClient, signIn, useSignIn } from '../../state/access/sign-in.ts';
import { useAddress } from '../../state/address-store.ts';
import { HUB } from '../../state/follow-address.ts';
import { useAccessLabel } from './access-label.ts';

/** Access to gated and private repos: for one Hub, in memory unless the person has it kept. */
export function AccessPopover() {
  const named = useAddress((address) => address.endpoint);
  const endpoint = named ?? HUB;
  const account = useAccess((access) => accountOf(access.accounts, endpoint));
  const label = useAccessLabel();
  const [open, setOpen] = useState(true);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className="button small" data-access="">
        {label}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover" align="end" sideOffset={8} collisionPadding={8} aria-label="Access">
          {named !== null && <ForeignHub host={hostOf(named)} />}
          {account ? (
            <InUse endpoint={endpoint} account={account} />
          ) : (
            <Ask key={endpoint} endpoint={endpoint} onDone={() => setOpen(false)} />
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function hostOf(endpoint: string): string {
  return new URL(endpoint).host;
}

/** Said before anything secret is asked for. */
function ForeignHub({ host }: { readonly host: string }) {
  const place = describePrivateHost(host.replace(/:\d+$/, ''));
  return (
    <p className="foreign">
      <strong className="mono">{host}</strong> is not huggingface.co: the address of this page names it.
      {place !== null && ` It is ${place}.`} What you give here goes to that server. Enter only a token for this Hub.
    </p>
  );
}

/** Ways in: signing in where this page is registered, a token everywhere. */
function Ask({ endpoint, onDone }: { readonly endpoint: string; readonly onDone: () => void }) {
  const { set } = useAccess.getState();
  const [empty, setEmpty] = useState(true);
  const form = useRef<HTMLFormElement>(null);
  const [client] = useState(readSignInClient);
  const keeps = () => new FormData(form.current ?? undefined).get('keep') !== null;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const token = String(new FormData(form.current ?? undefined).get('token') ?? '').trim();
    if (token === '') return;
    if (set(endpoint, { token, user: null, expires: null, scopes: null, kept: keeps() })) onDone();
  };
  return (
    <>
      <p>
        Public repos need no access. For gated or private ones{' '}
        {client?.endpoint === endpoint ? 'sign in, or give' : 'give'} a token with read permission. It goes to{' '}
        <span className="mono">{hostOf(endpoint)}</span> alone, and only where strangers are refused.
      </p>
      {client?.endpoint === endpoint &&
        (isInForeignFrame() ? <SignInElsewhere /> : <SignInButton onSignIn={() => void signIn(client, keeps())} />)}
      <form ref={form} onSubmit={submit}>
        <label>
          Access token
          {/* Not controlled: React would write what is typed into the document. */}
          <input
            className="field mono"
            type="password"
            name="token"
            autoComplete="off"
            placeholder="hf_…"
            onChange={(event) => setEmpty(event.target.value.trim() === '')}
          />
        </label>
        <label className="tick">
          <input type="checkbox" name="keep" />
          Keep on this device
        </label>
        <p className="quiet">
          Unless kept, access ends with this page. Kept, it lies in this browser’s storage, readable by whoever uses
          this browser.
        </p>
        <div className="row">
          <button type="submit" className="button primary" disabled={empty}>
            Use token
          </button>
          <a href={`${endpoint}/settings/tokens`} target="_blank" rel="noreferrer">
            Make one
          </a>
        </div>
      </form>
    </>
  );
}

/** The Hub's sign-in page shows itself in no frame. */
function SignInElsewhere() {
  return (
    <div className="row">
      <p>The Hub does not sign you in inside another site. Open this page in its own tab first.</p>
      <OwnTabLink />
    </div>
  );
}

function SignInButton({ onSignIn }: { readonly onSignIn: () => void }) {
  const status = useSignIn((state) => state.status);
  const error = useSignIn((state) => state.error);
  return (
    <>
      <button type="button" className="button primary" disabled={status === 'leaving'} onClick={onSignIn}>
        {status === 'leaving' ? 'Going there …' : 'Sign in at the Hub'}
      </button>
      {error && (
        <p role="alert">
          <Shown text={error.message} />
        </p>
      )}
    </>
  );
}

/** The access that is at hand: what it is, how it is used, and how to be rid of it. */
function InUse({ endpoint, account }: { readonly endpoint: string; readonly account: Account }) {
  const { keep, sendAlways, forget } = useAccess.getState();
  const [refused, setRefused] = useState(false);
  const host = <span className="mono">{hostOf(endpoint)}</span>;
  return (
    <>
      <p>
        {account.user === null ? (
          <>A token for {host} is in use.</>
        ) : (
          <>
            Signed in at {host} as <strong>{account.user}</strong>
            {account.expires !== null && <>, until {timeOf(account.expires)}</>}.
          </>
        )}{' '}
        It is sent {account.always ? 'with every request there' : 'there alone, and only where strangers are refused'}.
      </p>
      <label className="tick">
        <input
          type="checkbox"
          checked={account.kept}
          onChange={(event) => setRefused(!keep(endpoint, event.target.checked) && event.target.checked)}
        />
        Keep on this device
      </label>
      {refused && <p role="alert">This browser lets pages keep nothing. Access ends with this page.</p>}
      <label className="tick">
        <input
          type="checkbox"
          checked={account.always}
          onChange={(event) => sendAlways(endpoint, event.target.checked)}
        />
        Send it with every request, from the next opening on
      </label>
      <p className="quiet">
        That raises the number of requests that the Hub grants, and costs one more for each shard.
      </p>
      <div className="row">
        <button type="button" className="button" onClick={() => forget(endpoint)}>
          {account.user === null ? 'Forget token' : 'Sign out'}
        </button>
      </div>
    </>
  );
}

function timeOf(ms: number): string {
  return new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' }).format(ms);
}

import { Popover } from 'radix-ui';
import { useState } from 'react';
import { useAccess } from '../../state/access.ts';
import { useAddress } from '../../state/address-store.ts';
import { HUB } from '../../state/follow-address.ts';

/** Access to gated and private repos by token: for one origin, in memory alone. */
export function AccessPopover() {
  const endpoint = useAddress((address) => address.endpoint) ?? HUB;
  const token = useAccess((access) => access.tokens[endpoint]);
  const { set, forget } = useAccess.getState();
  const [draft, setDraft] = useState('');
  const [open, setOpen] = useState(true);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (draft.trim() !== '') set(endpoint, draft.trim());
    setDraft('');
    setOpen(false);
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className="button small" data-access="">
        Access{token === undefined ? '' : ': token'}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover" align="end" sideOffset={8} collisionPadding={8} aria-label="Access">
          <p>
            Public repos need no token. For gated or private ones, paste an access token with read permission; it is
            sent to <span className="mono">{new URL(endpoint).host}</span> alone and forgotten when this page closes.
          </p>
          <form onSubmit={submit}>
            <label>
              Access token
              <input
                className="field mono"
                type="password"
                autoComplete="off"
                placeholder={token === undefined ? 'hf_…' : 'a token is in use'}
                value={draft}
                onChange={(event) => setDraft(event.target.value)}
              />
            </label>
            <div className="row">
              <button type="submit" className="button primary" disabled={draft.trim() === ''}>
                Use token
              </button>
              {token !== undefined && (
                <button type="button" className="button" onClick={() => forget(endpoint)}>
                  Forget token
                </button>
              )}
            </div>
          </form>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

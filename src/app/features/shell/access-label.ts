import { accountOf, useAccess } from '../../state/access/access.ts';
import { useAddress } from '../../state/address-store.ts';
import { HUB } from '../../state/follow-address.ts';

/** What the button says: whether there is access to the Hub that the address names, and whose. */
export function useAccessLabel(): string {
  const endpoint = useAddress((address) => address.endpoint) ?? HUB;
  const account = useAccess((access) => accountOf(access.accounts, endpoint));
  return account === null ? 'Access' : `Access: ${account.user ?? 'token'}`;
}

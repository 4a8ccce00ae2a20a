/** True for an address that the Hub sent the browser back to: clear its query once it has been used. */
export function isSignInReturn(address: string): boolean {
  const query = URL.canParse(address) ? new URL(address).searchParams : new URLSearchParams();
  return query.has('state') && (query.has('code') || query.has('error'));
}

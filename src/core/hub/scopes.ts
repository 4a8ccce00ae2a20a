/** The least that reads gated repos, beside who one is. */
export const SIGN_IN_SCOPES = 'openid profile gated-repos';

/**
 * Scopes that write: to repos of the person, to repos that this app makes, and to all of them with the right to delete.
 *
 * Source: huggingface/hub-docs `docs/hub/oauth.md`.
 */
const WRITE_SCOPES: readonly string[] = ['write-repos', 'contribute-repos', 'manage-repos'];

/** What publishing asks for: to make a repo and to write to one, without the right to delete any. */
export const PUBLISH_SCOPES = `${SIGN_IN_SCOPES} write-repos contribute-repos`;

/** True for scopes with which a token may write to some repo. */
export function grantsWriting(scopes: string): boolean {
  return namesOf(scopes).some((scope) => WRITE_SCOPES.includes(scope));
}

/** What a person is asked for who does not publish. `registered`: what the page may ask for; undefined where it does not say. */
export function readScopesOf(registered: string | undefined): string {
  if (registered === undefined) return SIGN_IN_SCOPES;
  return namesOf(registered)
    .filter((scope) => !WRITE_SCOPES.includes(scope))
    .join(' ');
}

/** What a person is asked for who publishes; null for a page that may not ask for the right to write. */
export function publishScopesOf(registered: string | undefined): string | null {
  if (registered === undefined) return PUBLISH_SCOPES;
  return grantsWriting(registered) ? registered : null;
}

function namesOf(scopes: string): string[] {
  return scopes.split(/\s+/).filter(Boolean);
}

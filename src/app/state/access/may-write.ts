import { grantsWriting } from '../../../core/index.ts';
import type { Account } from './access.ts';

/** False where signing in gave no right to write. What a pasted token may do is known only once the Hub is asked. */
export function mayWrite({ user, scopes }: Account): boolean {
  return scopes === null ? user === null : grantsWriting(scopes);
}

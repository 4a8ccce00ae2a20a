import { LoomError } from '../errors.ts';
import { isCommit, isNamePart, isReservedName, isRevision } from '../hub/names.ts';
import type { PublishTarget } from './types.ts';

/**
 * Reads where to publish: `org/name` and a branch, `main` unless given.
 *
 * @throws LoomError `usage`.
 */
export function parsePublishTarget(repo: string, branch = 'main'): PublishTarget {
  const parts = repo.trim().split('/');
  const [owner = '', name = ''] = parts;
  if (parts.length !== 2 || !isNamePart(owner) || !isNamePart(name) || isReservedName(owner))
    throw new LoomError(
      'usage',
      `"${repo}" is not the name of a repository. Write your user name or organisation, a slash and a name: org/name.`,
    );
  if (isRevision(branch) && !isCommit(branch) && !branch.startsWith('refs/'))
    return { repo: `${owner}/${name}`, branch };
  throw new LoomError('usage', `"${branch}" is not the name of a branch. A commit is made on a branch, such as main.`);
}

import { type ErrorTag, LoomError } from '../errors.ts';
import { explainFileServer, explainHubRefusal, type HubQuestion } from '../hub/errors.ts';
import type { HttpRefusal } from '../source/http.ts';

/**
 * The Hub's refusal of a request that writes, as an error that says what to do now; what reading and writing share is put
 * as `hub/errors.ts` does. Nothing of the answer's own text gets into it.
 */
export function explainWriteRefusal(refusal: HttpRefusal, question: HubQuestion): LoomError {
  const told = refusal.elsewhere || refusal.isPage ? null : explain(refusal, question);
  if (told === null) return explainHubRefusal(refusal, question);
  const [tag, message] = told;
  return new LoomError(tag, message, { file: refusal.name, repo: question.repo, status: refusal.status });
}

function explain({ status, code, serverText }: HttpRefusal, question: HubQuestion): readonly [ErrorTag, string] | null {
  const { repo, endpoint, revision } = question;
  if (status === 401 && code === null)
    return [
      'token-rejected',
      `The Hub does not accept the token. Make one with write access at ${endpoint}/settings/tokens, then publish again.`,
    ];
  if (status === 403 && code === null && !/disabled/i.test(serverText ?? ''))
    return [
      'access-denied',
      `The token may not write to ${repo}. Use a token with write access to it (${endpoint}/settings/tokens), or name another repository. Nothing was changed there.`,
    ];
  if (status === 412 || (status === 409 && /commit|conflict/i.test(serverText ?? '')))
    return [
      'source-changed',
      `Somebody else committed to ${revision} of ${repo} since this publication began. Nothing was committed, and what was uploaded stays there. Look at ${endpoint}/${repo}/commits/${revision}, then publish again: the files are put on top of that commit without being sent again.`,
    ];
  if (status === 400 && /LFS pointer/i.test(serverText ?? ''))
    return [
      'output-changed',
      `The Hub does not have a large file that the commit names. Nothing was committed. Publish again: what is missing is sent again.`,
    ];
  if (status === 413)
    return [
      'http-status',
      `The Hub takes no commit of this size (413). Nothing was committed. Publish with \`hf upload-large-folder\`, which makes several commits.`,
    ];
  return null;
}

/** As {@link explainWriteRefusal}, of the request that ends an upload: here a refusal says that the bytes are not the object. */
export function explainObjectRefusal(refusal: HttpRefusal, question: HubQuestion): LoomError {
  const { status, name } = refusal;
  if (refusal.isPage || ![400, 404, 409, 410, 422].includes(status)) return explainWriteRefusal(refusal, question);
  return new LoomError('link-expired', `The Hub did not put ${name} together (${status}). It has to be sent again.`, {
    file: name,
    status,
  });
}

/** The error for an object that the Hub does not take a second time either. */
export function wrongObject(file: string, sha256: string): LoomError {
  const message = `The Hub did not take ${file} twice: the bytes that it received do not have the SHA-256 ${sha256} that was computed here. Nothing was committed. Something on the way changes the bytes, or the file changes: check the network, proxy and disk, then publish again.`;
  return new LoomError('source-hash-wrong', message, { file });
}

/** A refusal of the store that parts are sent to. */
export function explainStoreRefusal(refusal: HttpRefusal): LoomError {
  if (refusal.status === 404 || refusal.status === 400) return explainFileServer({ ...refusal, status: 403 });
  return explainFileServer(refusal);
}

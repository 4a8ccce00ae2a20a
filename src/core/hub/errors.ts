import { type ErrorTag, LoomError } from '../errors.ts';
import { explainRefusal, type HttpRefusal } from '../source/http.ts';

/** What was asked of the Hub: what its refusals are put into words with. */
export interface HubQuestion {
  readonly endpoint: string;
  readonly repo: string;
  readonly revision: string;
  readonly signedIn: boolean;
}

/**
 * The Hub's refusal as an error that says what to do now: by X-Error-Code first, by status second.
 *
 * Nothing of the answer's own text, of a signed address or of a token gets into it.
 */
export function explainHubRefusal(refusal: HttpRefusal, question: HubQuestion): LoomError {
  const { code, status, elsewhere } = refusal;
  if (elsewhere) return explainFileServer(refusal);
  if (isGateway(refusal)) return explainGateway(refusal);
  const told = explainCode(refusal, question) ?? explainStatus(refusal, question);
  if (told === null) return explainRefusal(refusal);
  const [tag, message] = told;
  return new LoomError(tag, message, {
    file: refusal.name,
    repo: question.repo,
    status,
    code,
    ...(tag === 'rate-limited' ? { retryAfter: refusal.retryAfter, host: refusal.from } : {}),
  });
}

/** A refusal by a page of HTML: not the Hub says so, but what stands between here and there. */
function isGateway({ isPage, status }: HttpRefusal): boolean {
  return isPage && status < 500 && status !== 408 && status !== 429;
}

function explainGateway({ name, status, from }: HttpRefusal): LoomError {
  const message = `The answer for ${name} (${status}) is a web page, not one of the Hub's own: a proxy or gateway on the way to ${from} refused it. Open that address in a browser on this computer to see what it asks for, or ask who runs the network.`;
  return new LoomError('http-status', message, { file: name, status });
}

type Told = readonly [ErrorTag, string];

function explainCode({ code, name, status }: HttpRefusal, question: HubQuestion): Told | null {
  const { repo, revision, endpoint } = question;
  if (code === 'RepoNotFound') return notFound(question);
  if (code === 'SessionEnded') {
    const message = `The moe-loom that served this page was ended, or started again. Open the link that it prints now.`;
    return ['access-denied', message];
  }
  if (code === 'RevisionNotFound' && revision.startsWith('refs/pr/')) {
    const number = revision.slice('refs/pr/'.length);
    const message = `${repo} has no pull request ${number}: the number may be that of a discussion, which has no files. Look at ${endpoint}/${repo}/discussions/${number}, or leave the number out to read main.`;
    return ['revision-not-found', message];
  }
  if (code === 'RevisionNotFound') {
    const message = `${repo} has no branch, tag or commit "${revision}". Check the revision, or leave it out to read main.`;
    return ['revision-not-found', message];
  }
  if (code === 'EntryNotFound') {
    const message = `${repo} holds no file ${name} at ${revision}. Check its files at ${endpoint}/${repo}/tree/main, then open it again.`;
    return ['path-not-found', message];
  }
  if (code === 'GatedRepo') return ['repo-gated', status === 403 ? gatedForbidden(question) : gatedLogin(question)];
  return null;
}

function gatedLogin({ repo, endpoint, signedIn }: HubQuestion): string {
  const gate = `${repo} is gated: its files go only to accounts that accepted its terms.`;
  if (!signedIn) return `${gate} Accept them at ${endpoint}/${repo}, then sign in or enter a token of that account.`;
  return `${gate} The Hub did not take the token for one of these. Check the token at ${endpoint}/settings/tokens, and the terms at ${endpoint}/${repo}.`;
}

function gatedForbidden({ repo, endpoint }: HubQuestion): string {
  return `${repo} is gated, and your account does not have access. Ask for access at ${endpoint}/${repo}; when it is granted, open the model again.`;
}

function notFound({ repo, endpoint, signedIn }: HubQuestion): Told {
  const message = signedIn
    ? `There is no model ${repo} that your account may see. Check the name at ${endpoint}/${repo}, or use a token of an account that may read it.`
    : `There is no public model ${repo}: it does not exist, is private, or is spelled differently. Check the name, or sign in with an account that may read it.`;
  return ['repo-not-found', message];
}

function explainStatus(refusal: HttpRefusal, question: HubQuestion): Told | null {
  const { status, serverText } = refusal;
  const { repo, endpoint, signedIn } = question;
  if (status === 401 && signedIn && /credentials/i.test(serverText ?? '')) {
    const message = `The Hub does not accept the token. Make a new one with read access at ${endpoint}/settings/tokens, or continue without one.`;
    return ['token-rejected', message];
  }
  if (status === 401) return notFound(question);
  if (status === 403 && /disabled/i.test(serverText ?? '')) return disabledRepo(question);
  if (status === 403) return forbidden(question);
  if (status === 404) {
    const message = `${endpoint} knows no such page for ${repo}. Check the address of the Hub.`;
    return ['http-status', message];
  }
  if (status === 429) return ['rate-limited', tooMany(refusal, signedIn)];
  if (status === 408 || status >= 500) {
    const message = `${refusal.from} could not answer for ${refusal.name} (${status}). Try again in a few minutes; https://status.huggingface.co lists outages.`;
    return ['server-error', message];
  }
  return null;
}

function disabledRepo({ repo, endpoint }: HubQuestion): Told {
  const message = `The Hub has disabled ${repo} and serves none of its files. Look at ${endpoint}/${repo} for the reason, or open a copy that you have on disk.`;
  return ['repo-disabled', message];
}

function forbidden({ repo, endpoint, signedIn }: HubQuestion): Told {
  const message = signedIn
    ? `The token may not read ${repo}. Give it read access to this repository at ${endpoint}/settings/tokens, or use another one.`
    : `The Hub does not serve ${repo} to anonymous readers. Sign in, or enter a token that may read it.`;
  return ['access-denied', message];
}

function tooMany(refusal: HttpRefusal, signedIn: boolean): string {
  const { retryAfter } = refusal;
  const wait = retryAfter === null ? 'up to five minutes' : `${retryAfter} s`;
  const more = signedIn ? '' : '; signing in raises the limit';
  return `${refusal.from} has received too many requests from this address (429). Wait ${wait}, then retry${more}.`;
}

/** The file server behind the Hub knows no error codes; its 403 means that the signed address is spent. */
export function explainFileServer(refusal: HttpRefusal): LoomError {
  const { name, status, from } = refusal;
  if (isGateway(refusal)) return explainGateway(refusal);
  if (status !== 403) return explainRefusal(refusal);
  const message = `The file server ${from} did not accept the signed address of ${name} (403). Open the repository again; a wrong clock on this computer can cause this too.`;
  return new LoomError('link-expired', message, { file: name, status });
}

/** The error for a repo whose listing itself says that it is disabled. */
export function disabledError(question: HubQuestion): LoomError {
  const [tag, message] = disabledRepo(question);
  return new LoomError(tag, message, { repo: question.repo });
}

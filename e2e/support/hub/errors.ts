import { jsonReply, type Reply, textReply } from './exchange.ts';

/** An answer of the Hub that is not a success, in the two forms it has: JSON for the API, text for files. */
export interface HubProblem {
  readonly status: number;
  /** X-Error-Code, where the Hub sends one. */
  readonly code?: string;
  readonly message: string;
  readonly headers?: Record<string, string>;
}

const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="Authentication required", charset="UTF-8"' };

export function notSignedIn(): HubProblem {
  return { status: 401, message: 'Invalid username or password.', headers: CHALLENGE };
}

export function badCredentials(): HubProblem {
  return { status: 401, message: 'Invalid credentials in Authorization header', headers: CHALLENGE };
}

export function repoNotFound(): HubProblem {
  return { status: 404, code: 'RepoNotFound', message: 'Repository not found' };
}

export function gatedLogin(id: string): HubProblem {
  const message = `Access to model ${id} is restricted. You must have access to it and be authenticated to access it. Please log in.`;
  return { status: 401, code: 'GatedRepo', message, headers: CHALLENGE };
}

export function gatedForbidden(id: string): HubProblem {
  const message = `Access to model ${id} is restricted and you are not in the authorized list. Visit https://huggingface.co/${id} to ask for access.`;
  return { status: 403, code: 'GatedRepo', message };
}

export function disabledRepo(): HubProblem {
  return { status: 403, message: 'Access to this resource is disabled.' };
}

export function missingScope(): HubProblem {
  return { status: 403, message: 'This token does not have the rights to read this repository.' };
}

export function revisionNotFound(revision: string): HubProblem {
  return { status: 404, code: 'RevisionNotFound', message: `Invalid rev id: ${revision}` };
}

export function entryNotFound(commit?: string): HubProblem {
  const headers: Record<string, string> = commit ? { 'X-Repo-Commit': commit, 'Accept-Ranges': 'bytes' } : {};
  return { status: 404, code: 'EntryNotFound', message: 'Entry not found', headers };
}

export function routeNotFound(): HubProblem {
  return { status: 404, message: 'Sorry, we can’t find the page you are looking for.' };
}

export function badRequest(message: string): HubProblem {
  return { status: 400, message };
}

export function rateLimited(): HubProblem {
  return { status: 429, message: 'We had to rate limit you, you hit the quota of requests for this window.' };
}

/** HTTP header values are bytes: what does not fit is left out of X-Error-Message. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

export function problemReply(problem: HubProblem, form: 'json' | 'text'): Reply {
  const headers: Record<string, string> = { ...problem.headers, 'X-Error-Message': headerText(problem.message) };
  if (problem.code) headers['X-Error-Code'] = problem.code;
  if (form === 'json') return jsonReply(problem.status, { error: problem.message }, headers);
  return textReply(problem.status, problem.message, headers);
}

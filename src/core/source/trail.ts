/** One server that a request came to, by way of a proxy or straight. */
export interface Hop {
  /** Host, with a port that is not the usual one. */
  readonly host: string;
  /** Host of the proxy that was asked to pass the request on; null without one. */
  readonly proxy: string | null;
}

const trails = new WeakMap<AbortSignal, Hop[]>();

/** Writes down where the request of this signal goes next. Only a `fetch` that follows redirects itself can tell. */
export function noteHop(signal: AbortSignal, hop: Hop): void {
  const trail = trails.get(signal);
  if (trail) trail.push(hop);
  else trails.set(signal, [hop]);
}

/** Where a request went, in order: as it was noted, else the host that was asked and the one that answered. */
export function trailOf(signal: AbortSignal, url: string, answeredBy = ''): readonly Hop[] {
  const noted = trails.get(signal);
  if (noted !== undefined) return noted;
  const asked = { host: hostOf(url), proxy: null };
  const other = answeredBy === '' ? asked.host : hostOf(answeredBy);
  return other === asked.host ? [asked] : [asked, { host: other, proxy: null }];
}

export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the server';
}

/** The server that has the request now, for a sentence: `b.example (redirected from a.example) by way of the proxy p`. */
export function describeHop(trail: readonly Hop[]): string {
  const last = trail.at(-1);
  if (last === undefined) return 'the server';
  const before = [...new Set(trail.map(({ host }) => host))].filter((host) => host !== last.host);
  const from = before.length === 0 ? '' : ` (redirected from ${before.join(', ')})`;
  return `${last.host}${from}${last.proxy === null ? '' : ` by way of the proxy ${last.proxy}`}`;
}

/** What the platform says on a connection that failed: Node names a cause, a browser does not. */
interface Cause {
  readonly code?: unknown;
  readonly hostname?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

const CERTIFICATE =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_UNTRUSTED)$/;

/** Why `host` could not be reached and what to do now; null when the platform does not tell. */
export function whyUnreachable(cause: unknown, trail: readonly Hop[]): string | null {
  const { code, hostname } = causeOf(cause) ?? { code: null, hostname: null };
  const { host = 'the server', proxy = null } = trail.at(-1) ?? {};
  const where = describeHop(trail);
  const met = proxy === null ? host : `the proxy ${proxy}`;
  if (code === null) return null;
  if (CERTIFICATE.test(code))
    return `the certificate of ${where} is not signed by anybody this computer trusts (${code}). If your network checks encrypted traffic with another certificate, set NODE_EXTRA_CA_CERTS to the file of that certificate, then try again`;
  if (/^(CERT_|ERR_TLS_CERT)/.test(code))
    return `the certificate of ${where} is not valid for it (${code}). Check the clock of this computer and the address, then try again`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `the name ${proxy === null ? (hostname ?? where) : met} is not known here (${code}). Check the address and the connection; in a company network, set HTTPS_PROXY`;
  if (code === 'ECONNREFUSED')
    return `${proxy === null ? where : `${met}, which leads to ${host},`} takes no connection (${code}). Check that it runs, and the address`;
  if (/TIMEOUT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/.test(code))
    return `${where} does not answer (${code}). Check the connection; in a company network, set HTTPS_PROXY`;
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE')
    return `${where} closed the connection (${code}). Try again`;
  if (/^(EPROTO|ERR_SSL_)/.test(code))
    return `${where} does not speak TLS as this program does (${code}). If it is a server without encryption, write http:// instead of https://; else a proxy or gateway may answer in its place`;
  if (code.startsWith('HPE_'))
    return `what answers at ${where} does not speak HTTP (${code}). Check the address and the port`;
  return `${where} cannot be reached (${code}). Check the network, then try again`;
}

/** The first code in an error and what caused it, and the name that was looked up, where it was that. */
function causeOf(error: unknown, depth = 0): { readonly code: string; readonly hostname: string | null } | null {
  if (typeof error !== 'object' || error === null || depth > 4) return null;
  const { code, hostname, cause, errors } = error as Cause;
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code))
    return { code, hostname: typeof hostname === 'string' ? hostname : null };
  return causeOf(cause, depth + 1) ?? causeOf(Array.isArray(errors) ? errors[0] : undefined, depth + 1);
}

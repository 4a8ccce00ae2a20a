import { createHash, randomBytes } from 'node:crypto';
import { callerOf, type HubContext } from './context.ts';
import { notSignedIn, problemReply, routeNotFound } from './errors.ts';
import { type Exchange, jsonReply, type Reply, readRequestBody, reply } from './exchange.ts';
import { userNamed } from './users.ts';

const TOKEN_SECONDS = 28_800;
/** A code that nobody fetches is forgotten after so long. */
const CODE_SECONDS = 600;

interface Grant {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly user: string;
  readonly expires: number;
}

/** Codes by server: two servers in one process know nothing of each other. */
const grants = new WeakMap<HubContext, Map<string, Grant>>();

function grantsOf(context: HubContext): Map<string, Grant> {
  const known = grants.get(context) ?? new Map<string, Grant>();
  grants.set(context, known);
  return known;
}

function configuration(context: HubContext): Reply {
  const { hub } = context.urls;
  return jsonReply(200, {
    issuer: hub,
    authorization_endpoint: `${hub}/oauth/authorize`,
    token_endpoint: `${hub}/oauth/token`,
    userinfo_endpoint: `${hub}/oauth/userinfo`,
    jwks_uri: `${hub}/oauth/jwks`,
    scopes_supported: [
      ...['openid', 'profile', 'email', 'read-repos', 'write-repos', 'contribute-repos', 'manage-repos', 'gated-repos'],
    ],
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  });
}

function backTo(query: URLSearchParams, params: Record<string, string>): Reply {
  const target = new URL(query.get('redirect_uri') ?? '');
  for (const [name, value] of Object.entries(params)) target.searchParams.set(name, value);
  const state = query.get('state');
  if (state !== null) target.searchParams.set('state', state);
  return reply(303, { Location: target.href });
}

function consentPage(exchange: Exchange): Reply {
  const link = (user: string, label: string): string => {
    const query = new URLSearchParams(exchange.query);
    query.set('as', user);
    return `<p><a href="/oauth/authorize?${query.toString().replaceAll('&', '&amp;')}">${label}</a></p>`;
  };
  const links = ['reader', 'member', 'owner'].map((user) => link(user, `Sign in as ${user}`));
  const page = `<!doctype html><title>Authorize</title><h1>Authorize</h1>${links.join('')}${link('nobody', 'Deny')}`;
  return reply(200, { 'Content-Type': 'text/html; charset=utf-8' }, page);
}

function authorize(context: HubContext, exchange: Exchange): Reply {
  const { query } = exchange;
  const redirectUri = query.get('redirect_uri') ?? '';
  const pkce = query.get('code_challenge_method') === 'S256' && query.get('code_challenge');
  if (!query.get('client_id') || !URL.canParse(redirectUri)) return jsonReply(400, { error: 'invalid_request' });
  if (query.get('response_type') !== 'code' || !pkce) {
    return backTo(query, { error: 'invalid_request', error_description: 'code and PKCE with S256 are needed' });
  }
  const user = query.get('as') ?? context.switches.oauthUser;
  if (user === null) return consentPage(exchange);
  if (user === 'nobody') return backTo(query, { error: 'access_denied', error_description: 'The user said no' });
  const code = randomBytes(16).toString('hex');
  const expires = context.now() / 1000 + CODE_SECONDS;
  const scope = query.get('scope') ?? 'openid profile';
  grantsOf(context).set(code, { challenge: pkce, redirectUri, scope, user, expires });
  return backTo(query, { code });
}

function refuse(error: string, description: string): Reply {
  return jsonReply(400, { error, error_description: description });
}

/** Form post with the verifier; a client id is not asked for. */
async function exchangeCode(context: HubContext, exchange: Exchange): Promise<Reply> {
  const form = new URLSearchParams(await readRequestBody(exchange.message));
  if (form.get('grant_type') !== 'authorization_code') return refuse('unsupported_grant_type', 'Only codes are taken');
  const code = form.get('code') ?? '';
  const grant = grantsOf(context).get(code);
  grantsOf(context).delete(code);
  if (grant === undefined || grant.expires <= context.now() / 1000) return refuse('invalid_grant', 'Unknown code');
  if (form.get('redirect_uri') !== grant.redirectUri) return refuse('invalid_grant', 'Another redirect_uri');
  const digest = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url');
  if (digest !== grant.challenge) return refuse('invalid_grant', 'The verifier does not fit');
  const token = `hf_oauth_${randomBytes(16).toString('hex')}`;
  context.tokens.add(token, { ...userNamed(grant.user), scopes: grant.scope.split(' ') });
  const answer = { access_token: token, token_type: 'bearer', expires_in: TOKEN_SECONDS, scope: grant.scope };
  return jsonReply(200, { ...answer, id_token: 'unsigned' });
}

function userInfo(context: HubContext, exchange: Exchange): Reply {
  const caller = callerOf(context, exchange);
  if (caller.kind !== 'user') return problemReply(notSignedIn(), 'json');
  const { name } = caller.user;
  const { hub } = context.urls;
  const picture = `${hub}/avatars/${name}.svg`;
  const user = { sub: name, name, preferred_username: name, picture, profile: `${hub}/${name}`, isPro: false };
  return jsonReply(200, { ...user, canPay: false, orgs: [] });
}

export async function oauthReply(context: HubContext, exchange: Exchange): Promise<Reply> {
  if (exchange.path === '/.well-known/openid-configuration') return configuration(context);
  if (exchange.path === '/oauth/authorize') return authorize(context, exchange);
  if (exchange.path === '/oauth/token' && exchange.method === 'POST') return exchangeCode(context, exchange);
  if (exchange.path === '/oauth/userinfo') return userInfo(context, exchange);
  return problemReply(routeNotFound(), 'json');
}

import type { HubContext } from './context.ts';
import { bodyReply, type Exchange, type Reply, reply, textReply } from './exchange.ts';
import { identityOf } from './repo.ts';
import { reconstructionReply, xorbReply } from './xet.ts';

export function cdnErrorReply(status: number, text: string): Reply {
  return textReply(status, text);
}

function openCors(answer: Reply): Reply {
  answer.headers['Access-Control-Allow-Origin'] = '*';
  answer.headers['Access-Control-Expose-Headers'] = '*';
  return answer;
}

/** CORS as the CDN gives it: open, on refusals only if the switch says so. */
export function withCdnCors(context: HubContext, answer: Reply): Reply {
  const refusal = answer.status >= 400;
  return refusal && !context.switches.cdnErrorCors ? answer : openCors(answer);
}

function bridgeReply(context: HubContext, exchange: Exchange): Reply {
  const { path, query, range } = exchange;
  const verdict = context.signer.verify(path, query, range, context.now() / 1000);
  if (verdict !== 'ok') return cdnErrorReply(403, `Auth failed: ${verdict}`);
  const file = context.store.blob(path.slice(path.lastIndexOf('/') + 1));
  if (file === undefined) return cdnErrorReply(404, 'Not Found');
  const { xetHash } = identityOf(file);
  return bodyReply(file.body, range, {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': query.get('response-content-disposition') ?? 'inline',
    'Cache-Control': 'public, max-age=31536000',
    'Last-Modified': 'Sun, 27 Apr 2025 03:52:24 GMT',
    ETag: `"${xetHash}"`,
  });
}

function routeCdn(context: HubContext, exchange: Exchange): Reply {
  const { path } = exchange;
  const [, first = '', second = ''] = path.split('/');
  if (first === 'evil') return textReply(200, 'You should not have come here.');
  if (second === 'reconstructions') return reconstructionReply(context, exchange, first);
  if (exchange.authorization !== null) return cdnErrorReply(400, 'Only one auth mechanism allowed');
  if (first === 'xet-bridge-us') return bridgeReply(context, exchange);
  if (first === 'xorbs') return xorbReply(context, exchange);
  return cdnErrorReply(404, 'Not Found');
}

/** A whole shard that nobody bounded is a mistake: the fixture refuses to send it. */
export function isUnrangedGiant(context: HubContext, exchange: Exchange, answer: Reply): boolean {
  const bytes = answer.end - answer.start;
  return exchange.method === 'GET' && answer.status === 200 && bytes > context.switches.maxUnrangedBytes;
}

export function cdnReply(context: HubContext, exchange: Exchange): Reply {
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
    return withCdnCors(context, cdnErrorReply(405, 'Method Not Allowed'));
  }
  return withCdnCors(context, routeCdn(context, exchange));
}

export function cdnPreflight(context: HubContext, exchange: Exchange): Reply {
  const { cdnPreflight: mode } = context.switches;
  if (mode !== 'ok') return reply(mode === 'fail403' ? 403 : 405, {});
  const { headers } = exchange.message;
  const answer = openCors(reply(200, {}));
  answer.headers['Access-Control-Allow-Methods'] = headers['access-control-request-method'] ?? 'GET, HEAD';
  answer.headers['Access-Control-Allow-Headers'] = headers['access-control-request-headers'] ?? '*';
  answer.headers['Access-Control-Max-Age'] = '86400';
  return answer;
}

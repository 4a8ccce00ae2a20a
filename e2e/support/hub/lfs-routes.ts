import type { HubContext } from './context.ts';
import { badRequest, type HubProblem, notSignedIn, problemReply } from './errors.ts';
import { type Exchange, jsonReply, type Reply, readRequestBody, reply, textReply } from './exchange.ts';
import type { StartedUpload } from './lfs-store.ts';
import { hex } from './repo.ts';
import { type Caller, mayWrite } from './users.ts';

/** Real addresses of parts hold for a day (`X-Amz-Expires=86400`). */
const LIFETIME_SECONDS = 86_400;
const LFS_TYPE = { 'Content-Type': 'application/vnd.git-lfs+json' };

interface BatchRequest {
  readonly transfers?: readonly string[];
  readonly objects: readonly { readonly oid: string; readonly size: number }[];
}

/**
 * `POST …/info/lfs/objects/batch`: for each object where it goes, or nothing where the Hub has it. The forms of a single
 * request and of parts are those that clients read: huggingface_hub `lfs.py` (`_upload_single_part`, `_upload_multi_part`) and
 * huggingface.js `commit.ts`; the protocol is git-lfs `docs/api/batch.md`.
 */
export async function lfsBatchReply(context: HubContext, exchange: Exchange, caller: Caller): Promise<Reply> {
  if (caller.kind !== 'user') return problemReply(notSignedIn(), 'json');
  if (!mayWrite(caller.user)) return problemReply(mayNotWrite(), 'json');
  const { objects, transfers = [] } = JSON.parse(await readRequestBody(exchange.message)) as BatchRequest;
  const { lfs, switches, now } = context;
  const multipart = transfers.includes('multipart');
  const answers = objects.map(({ oid, size }) => {
    if (lfs.has(oid) || context.store.blob(oid) !== undefined) return { oid, size };
    if (size > switches.mostLfsBytes)
      return { oid, size, error: { code: 422, message: 'The object is larger than the limit of the repository' } };
    const partBytes = multipart && size > switches.partBytes ? switches.partBytes : null;
    const until = Math.floor(now() / 1000) + LIFETIME_SECONDS;
    return { oid, size, authenticated: true, actions: actionsOf(context, lfs.begin(oid, size, partBytes, until)) };
  });
  const transfer = answers.some((one) => 'actions' in one && one.actions?.upload.header) ? 'multipart' : 'basic';
  return jsonReply(200, { transfer, objects: answers }, LFS_TYPE);
}

function actionsOf({ urls }: HubContext, { id, oid, size, partBytes, until }: StartedUpload) {
  const signed = (part: number) =>
    `${urls.cdn}/lfs-upload/${oid}?uploadId=${id}&partNumber=${part}&X-Amz-Expires=${LIFETIME_SECONDS}&X-Amz-Signature=${signatureOf(id, part)}`;
  const expires_at = new Date(until * 1000).toISOString();
  const verify = { href: `${urls.hub}/api/lfs-verify` };
  if (partBytes === null) return { upload: { href: signed(0), expires_at }, verify };
  const count = Math.ceil(size / partBytes);
  const parts = Array.from({ length: count }, (_, at) => [String(at + 1).padStart(5, '0'), signed(at + 1)] as const);
  const header = { chunk_size: String(partBytes), ...Object.fromEntries(parts) };
  return { upload: { href: `${urls.hub}/api/complete_multipart?uploadId=${id}`, header, expires_at }, verify };
}

function signatureOf(id: string, part: number): string {
  return hex('sha256', 'part', id, String(part));
}

/** `PUT` of a part, or of a whole object, at the object store: its ETag is the MD5 of S3, any mark would do. */
export async function lfsPartReply(context: HubContext, exchange: Exchange): Promise<Reply> {
  const { query, message } = exchange;
  const part = Number(query.get('partNumber'));
  const started = context.lfs.started(query.get('uploadId') ?? '');
  const expired = started === undefined || started.until < context.now() / 1000;
  if (expired || query.get('X-Amz-Signature') !== signatureOf(started.id, part))
    return textReply(403, '<Error><Code>AccessDenied</Code></Error>', { 'Content-Type': 'application/xml' });
  const chunks: Buffer[] = [];
  for await (const chunk of message) {
    context.lfs.received += (chunk as Buffer).byteLength;
    chunks.push(chunk as Buffer);
  }
  const bytes = new Uint8Array(Buffer.concat(chunks));
  started.parts.set(part, bytes);
  if (part === 0) context.lfs.finish(started, bytes);
  return reply(200, { ETag: `"${hex('sha256', bytes).slice(0, 32)}"` });
}

/** `POST /api/complete_multipart?uploadId=…`, where `upload.href` of a multipart action leads (a real one, in traces of clients). */
export async function completeReply(context: HubContext, exchange: Exchange): Promise<Reply> {
  const started = context.lfs.started(exchange.query.get('uploadId') ?? '');
  const body = JSON.parse(await readRequestBody(exchange.message)) as {
    oid: string;
    parts: { partNumber: number; etag: string }[];
  };
  if (started === undefined) return problemReply({ status: 404, message: 'NoSuchUpload' }, 'json');
  const count = Math.ceil(started.size / (started.partBytes ?? started.size));
  const parts = body.parts.map(({ partNumber, etag }) => {
    const bytes = started.parts.get(partNumber);
    return bytes !== undefined && etag === `"${hex('sha256', bytes).slice(0, 32)}"` ? bytes : null;
  });
  if (body.oid !== started.oid || parts.length !== count || parts.includes(null))
    return problemReply(badRequest('InvalidPart'), 'json');
  const whole = new Uint8Array(Buffer.concat(parts as Uint8Array[]));
  const flipped = context.switches.spoilsUploads ? spoiled(whole) : whole;
  if (context.lfs.finish(started, flipped)) return jsonReply(200, { success: true }, LFS_TYPE);
  // The Hub's own words for this are not known: its status is what a client can go by.
  return problemReply({ status: 422, message: 'SHA-256 of the object is not its oid' }, 'json');
}

function spoiled(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[0] = (copy[0] ?? 0) ^ 1;
  return copy;
}

/** `POST` to `verify.href` (git-lfs `docs/api/basic-transfers.md`): whether the object is there. */
export async function lfsVerifyReply(context: HubContext, exchange: Exchange): Promise<Reply> {
  const { oid, size } = JSON.parse(await readRequestBody(exchange.message)) as { oid: string; size: number };
  if (context.lfs.object(oid)?.byteLength === size) return jsonReply(200, {}, LFS_TYPE);
  return problemReply({ status: 422, message: 'Object not found or of another size or SHA-256' }, 'json');
}

/** What the Hub says to a token that may read alone (huggingface_hub issues quote it). */
export function mayNotWrite(): HubProblem {
  const message = "You don't have the required permissions to perform this operation.";
  return {
    status: 403,
    message: `Forbidden: pass \`create_pr=1\` as a query parameter to create a Pull Request. ${message}`,
  };
}

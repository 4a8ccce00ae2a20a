import type { Body } from './body.ts';
import type { HubContext } from './context.ts';
import { bodyReply, type Exchange, jsonReply, parseRange, type Reply, reply, textReply } from './exchange.ts';
import { hex, type RepoFile } from './repo.ts';

/** Chunks of one fixed length, uncompressed, and xorbs of 1,024 of them: 64 KiB and 64 MiB as on the real store. */
const CHUNK_BYTES = 65_536;
const FRAME_BYTES = CHUNK_BYTES + 8;
const XORB_CHUNKS = 1024;
const XORB_BYTES = CHUNK_BYTES * XORB_CHUNKS;
const URL_SECONDS = 3600;

interface Term {
  readonly hash: string;
  readonly chunks: { readonly start: number; readonly end: number };
  readonly bytes: { readonly start: number; readonly end: number };
  readonly unpacked: number;
}

/** A stretch of a file in the wire form of the Xet store: each chunk behind its 8-byte header. */
export function xorbBody(file: Body, index: number): Body {
  const base = index * XORB_BYTES;
  const content = Math.min(XORB_BYTES, file.size - base);
  const chunks = Math.ceil(content / CHUNK_BYTES);
  const frame = (chunk: number): Uint8Array => {
    const start = base + chunk * CHUNK_BYTES;
    const data = file.read(start, Math.min(start + CHUNK_BYTES, base + content));
    const out = new Uint8Array(8 + data.byteLength);
    const view = new DataView(out.buffer);
    view.setUint32(0, data.byteLength * 256, true);
    view.setUint32(4, data.byteLength * 256, true);
    out.set(data, 8);
    return out;
  };
  return {
    size: content + chunks * 8,
    read(start, end) {
      const out = new Uint8Array(end - start);
      for (let chunk = Math.floor(start / FRAME_BYTES); chunk * FRAME_BYTES < end; chunk += 1) {
        const at = chunk * FRAME_BYTES;
        const bytes = frame(chunk);
        const part = bytes.subarray(Math.max(0, start - at), Math.min(bytes.byteLength, end - at));
        out.set(part, Math.max(0, at - start));
      }
      return out;
    },
  };
}

function xorbHash(fileHash: string, index: number): string {
  return hex('sha256', 'xorb', fileHash, String(index));
}

function planTerms(file: RepoFile, fileHash: string, start: number, end: number): Term[] {
  const terms: Term[] = [];
  for (let index = Math.floor(start / XORB_BYTES); index * XORB_BYTES < end; index += 1) {
    const base = index * XORB_BYTES;
    const from = Math.max(0, start - base);
    const to = Math.min(XORB_BYTES, end - base);
    const chunks = { start: Math.floor(from / CHUNK_BYTES), end: Math.ceil(to / CHUNK_BYTES) };
    const first = chunks.start * CHUNK_BYTES;
    const last = Math.min(chunks.end * CHUNK_BYTES, file.body.size - base);
    const bytes = { start: chunks.start * FRAME_BYTES, end: last + chunks.end * 8 - 1 };
    terms.push({ hash: xorbHash(fileHash, index), chunks, bytes, unpacked: last - first });
  }
  return terms;
}

function publishXorbs(context: HubContext, file: RepoFile, fileHash: string, start: number, end: number): void {
  for (let index = Math.floor(start / XORB_BYTES); index * XORB_BYTES < end; index += 1) {
    const path = `xorb ${index}`;
    context.store.publish(xorbHash(fileHash, index), { path, kind: 'xet', body: xorbBody(file.body, index) });
  }
}

function xorbUrl(context: HubContext, term: Term): string {
  const range = `bytes=${term.bytes.start}-${term.bytes.end}`;
  const signed = context.signer.sign({
    path: `/xorbs/default/${term.hash}`,
    expires: Math.floor(context.now() / 1000) + URL_SECONDS,
    expectedRange: range,
    fileName: term.hash,
  });
  return `${context.urls.cdn}${signed}&X-Xet-Signed-Range=${encodeURIComponent(range)}`;
}

function termsJson(terms: readonly Term[]): unknown {
  return terms.map(({ hash, chunks, unpacked }) => ({ hash, range: chunks, unpacked_length: unpacked }));
}

function planV2(context: HubContext, terms: readonly Term[], offset: number): unknown {
  const entry = (term: Term): unknown => [
    { url: xorbUrl(context, term), ranges: [{ chunks: term.chunks, bytes: term.bytes }] },
  ];
  const xorbs = Object.fromEntries(terms.map((term) => [term.hash, entry(term)]));
  return { offset_into_first_range: offset, terms: termsJson(terms), xorbs };
}

function planV1(context: HubContext, terms: readonly Term[], offset: number): unknown {
  const entry = (term: Term): unknown => [{ range: term.chunks, url: xorbUrl(context, term), url_range: term.bytes }];
  const fetchInfo = Object.fromEntries(terms.map((term) => [term.hash, entry(term)]));
  return { offset_into_first_range: offset, terms: termsJson(terms), fetch_info: fetchInfo };
}

/** `GET {cas}/v1|v2/reconstructions/{hash}`: which chunks make up a range of a file. */
export function reconstructionReply(context: HubContext, exchange: Exchange, version: string): Reply {
  const isV2 = version === 'v2';
  if (isV2 && context.switches.xetReconstruction === 'v1') return textReply(404, 'Not Found');
  const token = exchange.authorization?.replace(/^Bearer\s+/i, '') ?? '';
  if (!context.signer.isXetToken(token, context.now() / 1000)) return textReply(401, 'Unauthorized');
  const hash = exchange.path.slice(exchange.path.lastIndexOf('/') + 1);
  const file = context.store.blob(hash);
  if (file === undefined) return textReply(404, 'Not Found');
  const part = parseRange(exchange.range, file.body.size) ?? { start: 0, end: file.body.size };
  if (part === 'outside') return reply(416, {});
  publishXorbs(context, file, hash, part.start, part.end);
  const terms = planTerms(file, hash, part.start, part.end);
  const offset = part.start % CHUNK_BYTES;
  return jsonReply(200, isV2 ? planV2(context, terms, offset) : planV1(context, terms, offset));
}

/** `GET /xorbs/default/{hash}`: chunks with their frames, only the range that was signed. */
export function xorbReply(context: HubContext, exchange: Exchange): Reply {
  const { path, query, range } = exchange;
  const verdict = context.signer.verify(path, query, range, context.now() / 1000);
  if (verdict !== 'ok') return textReply(403, `Auth failed: ${verdict}`);
  const file = context.store.blob(path.slice(path.lastIndexOf('/') + 1));
  if (file === undefined) return textReply(404, 'Not Found');
  return bodyReply(file.body, range, { 'Content-Type': 'application/octet-stream' });
}

/** `GET /api/models/{repo}/xet-read-token/{sha}`. */
export function xetTokenReply(context: HubContext): Reply {
  const exp = Math.floor(context.now() / 1000) + URL_SECONDS;
  const accessToken = context.signer.xetToken(exp);
  const headers = { 'X-Xet-Cas-Url': context.urls.cdn, 'X-Xet-Access-Token': accessToken };
  return jsonReply(200, { accessToken, exp, casUrl: context.urls.cdn }, headers);
}

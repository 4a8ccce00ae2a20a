import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { JournalEntry, Reply, Transport } from './exchange.ts';
import type { Link } from './link.ts';

const CHUNK_BYTES = 256 * 1024;
/** A slowed body goes out in at least this many steps a second. */
const SLOW_STEPS = 20;

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done);
      res.off('close', done);
      resolve();
    };
    res.on('drain', done);
    res.on('close', done);
  });
}

function chunkSize(transport: Transport, sent: number): number {
  let size = CHUNK_BYTES;
  if (transport.bytesPerSecond) size = Math.max(1, Math.min(size, Math.ceil(transport.bytesPerSecond / SLOW_STEPS)));
  const stall = transport.stall;
  if (stall && sent < stall.afterBytes) size = Math.min(size, stall.afterBytes - sent);
  return size;
}

/** How many body bytes leave: all, or as many as the fault lets through. */
function bytesToSend(reply: Reply): number {
  const { resetAfterBytes, cutAfterBytes } = reply.transport;
  return Math.min(reply.end - reply.start, resetAfterBytes ?? Infinity, cutAfterBytes ?? Infinity);
}

async function sendBody(res: ServerResponse, reply: Reply, entry: JournalEntry, link: Link | null): Promise<void> {
  const { transport } = reply;
  const total = bytesToSend(reply);
  let sent = 0;
  while (sent < total && !res.destroyed) {
    if (transport.stall && sent === transport.stall.afterBytes)
      await wait(transport.stall.ms, undefined, { ref: false });
    const size = Math.min(chunkSize(transport, sent), total - sent);
    const begin = reply.start + sent;
    const flowing = res.write(reply.body.read(begin, begin + size));
    sent += size;
    entry.bytesSent += size;
    if (transport.bytesPerSecond) {
      await wait((size / transport.bytesPerSecond) * 1000, undefined, { ref: false });
    } else if (!flowing) await drained(res);
    const pause = link?.take(size) ?? 0;
    if (pause >= 1) await wait(pause, undefined, { ref: false });
  }
}

function endBody(res: ServerResponse, reply: Reply): void {
  const { resetAfterBytes, cutAfterBytes, chunked } = reply.transport;
  if (resetAfterBytes !== undefined) {
    const { socket } = res;
    // What is written must reach the client before the reset throws the rest away.
    setTimeout(() => socket?.resetAndDestroy(), 20).unref();
  } else if (cutAfterBytes !== undefined && !chunked) {
    res.socket?.end();
  } else res.end();
}

/** Writes the answer; a client that leaves ends it quietly. */
export async function sendReply(
  res: ServerResponse,
  reply: Reply,
  entry: JournalEntry,
  { head, link }: { readonly head: boolean; readonly link: Link | null },
): Promise<void> {
  const { transport } = reply;
  if (link) await wait(link.roundTripMs, undefined, { ref: false });
  if (transport.delayMs) await wait(transport.delayMs, undefined, { ref: false });
  await transport.until;
  if (res.destroyed) return;
  if (transport.resetFirst) {
    res.socket?.resetAndDestroy();
    return;
  }
  const headers = { ...reply.headers };
  if (!transport.chunked && reply.status !== 304) headers['Content-Length'] ??= String(reply.end - reply.start);
  entry.status = reply.status;
  res.writeHead(reply.status, headers);
  if (head || reply.status === 304) {
    res.end();
    return;
  }
  if (Object.keys(transport).length > 0) res.flushHeaders();
  await sendBody(res, reply, entry, link);
  entry.ended = Date.now();
  if (!res.destroyed) endBody(res, reply);
}

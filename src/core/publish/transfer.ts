import { mapConcurrent } from '../concurrency.ts';
import { isLoomError, LoomError } from '../errors.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { formatBytes, MIB } from '../units.ts';
import type { Asked } from './answers.ts';
import { withFile } from './hashes.ts';
import type { PublishJournal, Transfer } from './journal.ts';
import { wrongObject } from './refusals.ts';
import type { UploadRoutes } from './routes.ts';

/** Most bytes of parts in memory at a time, beside one part that is longer. */
const PARTS_BYTES = 256 * MIB;
/** An object without parts is held in memory whole. */
const MOST_WHOLE_BYTES = 1024 * MIB;
/** An object is begun again as often: its addresses may have expired, or its bytes may have been spoilt on the way. */
const MOST_BEGINNINGS = 2;

export interface TransferOptions {
  readonly files: FileSet;
  readonly routes: UploadRoutes;
  readonly journal: PublishJournal;
  /** Parts of a file that are sent at once. */
  readonly parallel: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal | undefined;
  /** Bytes that the Hub has taken; `sent` is false for those of an earlier run. Negative where a file begins again. */
  readonly onBytes: (bytes: number, sent: boolean) => void;
}

/** A large file to send: the object, and the key that its file had when it was hashed. */
export interface LargeFile extends Asked {
  readonly key: string;
}

/**
 * Sends one object, from the first part that the Hub does not have. `begun`: where it goes, as the Hub has just said.
 *
 * @throws LoomError `source-changed` where the file is no longer the one that was hashed, `source-hash-wrong` where the Hub
 * does not take it twice, and what requests throw.
 */
export async function sendObject(file: LargeFile, begun: Transfer | null, options: TransferOptions): Promise<void> {
  const { journal, routes, now, onBytes } = options;
  let fresh = begun;
  for (let beginnings = 0; ; beginnings++) {
    const known = journal.underWay(file.oid);
    const usable = known !== null && (known.transfer.expires ?? Number.POSITIVE_INFINITY) > now();
    if (known && !usable) await journal.end(file.oid);
    if (!usable) {
      const transfer = fresh ?? (await routes.batch([file])).get(file.oid) ?? null;
      fresh = null;
      if (transfer === null) {
        onBytes(file.bytes, false);
        return;
      }
      await journal.begin(file.oid, transfer);
    }
    const counted = { bytes: 0 };
    try {
      const tell = (bytes: number, sent: boolean) => {
        counted.bytes += bytes;
        onBytes(bytes, sent);
      };
      await sendOnce(file, { ...options, onBytes: tell });
      await journal.end(file.oid);
      return;
    } catch (error) {
      if (!isLoomError(error) || error.tag !== 'link-expired') throw error;
      await journal.end(file.oid);
      onBytes(-counted.bytes, false);
      if (beginnings >= MOST_BEGINNINGS - 1 + (usable ? 1 : 0)) throw wrongObject(file.file, file.oid);
    }
  }
}

async function sendOnce(file: LargeFile, options: TransferOptions): Promise<void> {
  const { files, routes, journal, signal } = options;
  const under = journal.underWay(file.oid);
  if (under === null) throw new LoomError('internal', `${file.file} is not under way.`, { file: file.file });
  const { transfer } = under;
  await withFile(files, file.file, signal, async (source) => {
    if (source.key !== file.key || source.byteLength !== file.bytes) throw changed(file.file);
    if (transfer.partBytes === null) await sendWhole(file, transfer, source, options);
    else await sendParts(file, transfer, transfer.partBytes, source, options);
  });
  await routes.verify(file.file, transfer, file.oid, file.bytes);
}

async function sendWhole(
  { file, bytes }: LargeFile,
  { href }: Transfer,
  source: ByteSource,
  { routes, signal, onBytes }: TransferOptions,
): Promise<void> {
  if (bytes > MOST_WHOLE_BYTES)
    throw new LoomError(
      'answer-invalid',
      `The Hub wants the ${formatBytes(bytes)} of ${file} in one request, which this program does not hold in memory. Publish with \`hf upload-large-folder\`.`,
      { file },
    );
  await routes.put(file, href, await source.read({ start: 0, end: bytes }, { signal }));
  onBytes(bytes, true);
}

async function sendParts(
  { file, bytes, oid }: LargeFile,
  transfer: Transfer,
  partBytes: number,
  source: ByteSource,
  { routes, journal, parallel, signal, onBytes }: TransferOptions,
): Promise<void> {
  const taken = new Map(journal.underWay(oid)?.taken);
  const rangeOf = (at: number) => ({ start: at * partBytes, end: Math.min(bytes, (at + 1) * partBytes) });
  const open = transfer.parts.flatMap((url, at) => (taken.has(at + 1) ? [] : [{ url, at }]));
  for (const number of taken.keys()) {
    const { start, end } = rangeOf(number - 1);
    onBytes(end - start, false);
  }
  const atOnce = Math.max(1, Math.min(parallel, Math.floor(PARTS_BYTES / partBytes)));
  await mapConcurrent(
    open,
    atOnce,
    async ({ url, at }, inner) => {
      const range = rangeOf(at);
      const content = await source.read(range, { signal: inner });
      const etag = await routes.put(file, url, content);
      if (etag === '') throw withoutMark(file);
      taken.set(at + 1, etag);
      await journal.addPart(oid, at + 1, etag);
      onBytes(range.end - range.start, true);
    },
    signal,
  );
  const etags = transfer.parts.map((_, at) => taken.get(at + 1) ?? '');
  await routes.complete(file, transfer, oid, etags);
}

function changed(file: string): LoomError {
  const message = `${file} changed after its SHA-256 was computed. Nothing was committed. Let nothing write to the folder, then publish again.`;
  return new LoomError('source-changed', message, { file });
}

/** A page reads the ETag only where the store lets it. */
function withoutMark(file: string): LoomError {
  const message = `The store of the Hub gave no ETag for a part of ${file}, without which the parts cannot be put together. A proxy or browser may hide it. Publish with the command line, or with \`hf upload-large-folder\`.`;
  return new LoomError('answer-invalid', message, { file });
}

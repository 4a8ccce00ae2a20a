import { LoomError } from '../errors.ts';
import type { ByteRange } from './types.ts';

/** What tells one state of a file from another, by the origin that serves it: two servers of one file may name the same bytes differently. */
export type SeenTags = Map<string, string>;

/** What was asked of a server: a file, as it is known. */
interface AskedFile {
  readonly name: string;
  readonly url: string;
  readonly byteLength: number;
  readonly tags?: SeenTags | undefined;
}

/**
 * Refuses an answer that is not exactly the bytes asked for, as the server labels them. `from`: who answers, for a sentence.
 *
 * @throws LoomError `range-ignored`, `content-range-wrong`.
 */
export function insistOnRange(
  response: Response,
  range: ByteRange,
  { name, byteLength }: AskedFile,
  from: string,
): void {
  const asked = `bytes ${range.start}-${range.end - 1}/${byteLength}`;
  if (response.status !== 206) {
    const message = `${from} sent all of ${name} instead of ${range.end - range.start} bytes, so nothing was read. A proxy on the way may be removing the Range header. Try another network, or download the files first.`;
    throw new LoomError('range-ignored', message, { file: name, byte: range.start, status: response.status });
  }
  const got = response.headers.get('Content-Range');
  const encoding = response.headers.get('Content-Encoding');
  if (got === asked && (encoding === null || encoding === 'identity')) return;
  const what = got === asked ? `compressed with ${encoding}` : `labelled "${got ?? 'nothing'}"`;
  const size = /^bytes \d+-\d+\/(\d+)$/.exec(got ?? '')?.[1];
  const moved = size !== undefined && Number(size) !== byteLength;
  const why = moved
    ? `the file now has ${size} bytes where the listing says ${byteLength}`
    : 'such bytes cannot be trusted';
  const message = `The answer of ${from} for ${name} came ${what} where "${asked}" was asked; ${why}. Open the repository again, or try another network.`;
  throw new LoomError('content-range-wrong', message, { file: name, byte: range.start });
}

/**
 * Refuses bytes of another state of the file than those read before. A browser cannot read the ETag of every server: without
 * it Last-Modified counts, and without both there is nothing to compare.
 *
 * @throws LoomError `source-changed`.
 */
export function insistOnState(
  response: Response,
  range: ByteRange,
  { name, url, tags }: AskedFile,
  from: string,
): void {
  if (!tags) return;
  const { origin } = new URL(response.url === '' ? url : response.url);
  let same = false;
  for (const kind of ['ETag', 'Last-Modified']) {
    const tag = response.headers.get(kind)?.replace(/^W\//, '') ?? '';
    if (tag === '') continue;
    const seen = tags.get(`${kind} ${origin}`);
    if (seen === undefined) tags.set(`${kind} ${origin}`, tag);
    else if (seen === tag) same = true;
    else if (!same) throw changed(name, range, `its ${kind} was ${seen} and is now ${tag}`, from);
  }
}

function changed(name: string, range: ByteRange, what: string, from: string): LoomError {
  const message = `${name} changed on ${from} while it was being read: ${what}. Open the repository again, then restart.`;
  return new LoomError('source-changed', message, { file: name, byte: range.start });
}

/** The error for a body that is longer than what was asked for. */
export function overlong(name: string, range: ByteRange, from: string): LoomError {
  const message = `${from} sent more than the ${range.end - range.start} bytes of ${name} that were asked for. Try another network: something on the way changes the answers.`;
  return new LoomError('read-overlong', message, { file: name, byte: range.start });
}

/** The error for a body that ended early; `received` bytes are in place. */
export function short(name: string, range: ByteRange, received: number, from: string): LoomError {
  const message = `Only ${received} of ${range.end - range.start} bytes of ${name} came from ${from}. Check the connection, then try again.`;
  return new LoomError('read-short', message, { file: name, byte: range.start + received, received });
}

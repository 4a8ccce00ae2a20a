import * as v from 'valibot';
import { LoomError } from '../errors.ts';
import type { Transfer } from './journal.ts';

const Sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Address = v.pipe(v.string(), v.url());
/** S3 takes 10,000 parts; the Hub's own sizes stay far below this one, which bounds memory. */
const MOST_PARTS = 100_000;
const MOST_PART_BYTES = 2 ** 30;

const Preupload = v.object({
  files: v.array(
    v.object({
      path: v.string(),
      uploadMode: v.picklist(['lfs', 'regular']),
      shouldIgnore: v.optional(v.boolean(), false),
    }),
  ),
});

const Action = v.object({
  href: Address,
  header: v.optional(v.record(v.string(), v.string()), {}),
  expires_in: v.nullish(v.number()),
  expires_at: v.nullish(v.string()),
});

const Batch = v.object({
  objects: v.array(
    v.object({
      oid: Sha256,
      size: Count,
      actions: v.nullish(v.object({ upload: v.optional(Action), verify: v.optional(v.object({ href: Address })) })),
      error: v.nullish(v.object({ code: v.number(), message: v.string() })),
    }),
  ),
});

const Committed = v.object({ commitOid: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)) });

/** A file that the Hub is asked about. */
export interface Asked {
  readonly oid: string;
  readonly bytes: number;
  readonly file: string;
}

/** How the Hub wants each file: in large-file storage, in git, or not at all. @throws LoomError `answer-invalid`. */
export function parsePreupload(json: unknown, asked: readonly string[]): Map<string, 'lfs' | 'git' | 'ignored'> {
  const { files } = read(Preupload, json, 'how to upload the files');
  const modes = new Map(
    files.map(({ path, uploadMode, shouldIgnore }) => {
      const mode = shouldIgnore ? 'ignored' : uploadMode === 'lfs' ? 'lfs' : 'git';
      return [path, mode] as const;
    }),
  );
  const missing = asked.find((path) => !modes.has(path));
  if (missing !== undefined) throw unexpected('how to upload the files', `it leaves out ${missing}`);
  return modes;
}

/**
 * Where each object goes, null for one that the Hub has. `now`: milliseconds, for the time at which addresses expire.
 *
 * @throws LoomError `answer-invalid`; `http-status` for an object that the Hub refuses.
 */
export function parseBatch(
  json: unknown,
  asked: readonly Asked[],
  now: number,
  endpoint: string,
): Map<string, Transfer | null> {
  const what = 'where to send the large files';
  const { objects } = read(Batch, json, what);
  const byOid = new Map(objects.map((object) => [object.oid, object]));
  return new Map(
    asked.map(({ oid, bytes, file }) => {
      const object = byOid.get(oid);
      if (object === undefined || object.size !== bytes) throw unexpected(what, `it leaves out ${file}`);
      if (object.error) throw refusedObject(file, object.error.code);
      const upload = object.actions?.upload;
      if (!upload) return [oid, null] as const;
      const verify = object.actions?.verify?.href ?? null;
      const transfer = transferOf(upload, bytes, verify, now, file);
      for (const url of [transfer.href, ...transfer.parts, ...(verify === null ? [] : [verify])])
        insistOnSafe(url, endpoint, file);
      return [oid, transfer] as const;
    }),
  );
}

function transferOf(
  { href, header, expires_in, expires_at }: v.InferOutput<typeof Action>,
  bytes: number,
  verify: string | null,
  now: number,
  file: string,
): Transfer {
  const at = expires_at ? Date.parse(expires_at) : Number.NaN;
  const expires = typeof expires_in === 'number' ? now + expires_in * 1000 : Number.isNaN(at) ? null : at;
  const { chunk_size } = header;
  if (chunk_size === undefined) return { href, partBytes: null, parts: [], verify, expires };
  const partBytes = Number(chunk_size);
  const numbered = Object.keys(header)
    .filter((key) => /^\d+$/.test(key))
    .sort((a, b) => Number(a) - Number(b));
  const whole = Number.isSafeInteger(partBytes) && partBytes > 0 && partBytes <= MOST_PART_BYTES;
  const count = whole ? Math.ceil(bytes / partBytes) : 0;
  const inOrder = numbered.every((key, index) => Number(key) === index + 1);
  if (!whole || !inOrder || count !== numbered.length || count > MOST_PARTS)
    throw unexpected('where to send the large files', `the parts of ${file} do not make up its ${bytes} bytes`);
  const parts = numbered.map((key) => header[key] as string);
  if (!parts.every((url) => URL.canParse(url)))
    throw unexpected('where to send the large files', `a part of ${file} has no address`);
  return { href, partBytes, parts, verify, expires };
}

/** What is sent goes to no address that anybody on the way can read, unless the Hub itself is such a one. */
function insistOnSafe(url: string, endpoint: string, file: string): void {
  const { protocol, host } = new URL(url);
  if (protocol === 'https:' || (protocol === 'http:' && endpoint.startsWith('http:'))) return;
  const message = `The Hub wants ${file} sent to ${host} without encryption. Nothing was sent. Check the address of the Hub and the network, then try again.`;
  throw new LoomError('redirect-unsafe', message, { file });
}

function refusedObject(file: string, code: number): LoomError {
  const message = `The Hub does not take ${file} (${code}): it is too large for the repository, or its storage is full. Look at the limits and the storage of your account at https://huggingface.co/settings/billing, or convert with a smaller --max-shard-size. Nothing was committed.`;
  return new LoomError('http-status', message, { file, status: code });
}

/** The commit that was made. @throws LoomError `answer-invalid`. */
export function parseCommitted(json: unknown): string {
  return read(Committed, json, 'which commit it made').commitOid;
}

function read<Schema extends v.GenericSchema>(schema: Schema, json: unknown, what: string): v.InferOutput<Schema> {
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  throw unexpected(what, `${v.getDotPath(result.issues[0]) ?? 'the whole'} is missing or of another type`);
}

function unexpected(what: string, why: string): LoomError {
  const message = `The Hub's answer on ${what} is not what its interface promises: ${why}. Nothing was committed. Check the address of the Hub, or publish with \`hf upload-large-folder\`.`;
  return new LoomError('answer-invalid', message);
}

/**
 * Every error tag of the core, with what it means and how it ends.
 *
 * `retryable` says whether the same call may succeed later without anybody changing anything; `exit` is the command
 * line's code: 1 when the files are wrong ("the answer is no"), 2 when the work could not be done.
 */
export const ERROR_TAGS = {
  'header-too-small': {
    retryable: false,
    exit: 1,
    meaning: 'The file has fewer than the 8 bytes that hold the header length.',
  },
  'header-too-large': {
    retryable: false,
    exit: 1,
    meaning: 'The header is above a limit: 100,000,000 bytes unless set otherwise, or 300,000 tensors.',
  },
  'header-length-invalid': {
    retryable: false,
    exit: 1,
    meaning: 'The header reaches past the end of the file, or is empty.',
  },
  'header-utf8-invalid': {
    retryable: false,
    exit: 1,
    meaning: 'The header is not strict UTF-8, or starts with a byte order mark.',
  },
  'header-json-invalid': { retryable: false, exit: 1, meaning: 'The header is not one JSON object by RFC 8259.' },
  'header-depth-exceeded': { retryable: false, exit: 1, meaning: 'JSON values are nested deeper than 127 levels.' },
  'header-key-duplicate': {
    retryable: false,
    exit: 1,
    meaning: 'A key appears twice in one object; readers disagree on which one counts.',
  },
  'metadata-invalid': {
    retryable: false,
    exit: 1,
    meaning: '`__metadata__` is not an object whose values are all strings.',
  },
  'tensor-entry-invalid': {
    retryable: false,
    exit: 1,
    meaning: 'A tensor entry is not an object with dtype, shape and data_offsets of the right types.',
  },
  'dtype-unknown': { retryable: false, exit: 1, meaning: 'The dtype is none of the 22 that the format knows.' },
  'shape-overflow': {
    retryable: false,
    exit: 1,
    meaning: 'The element count or bit count of a shape does not fit 64 bits.',
  },
  'tensor-misaligned': {
    retryable: false,
    exit: 1,
    meaning: 'The elements of a sub-byte dtype do not fill whole bytes.',
  },
  'tensor-size-mismatch': {
    retryable: false,
    exit: 1,
    meaning: 'Shape times dtype is not the number of bytes between the data offsets.',
  },
  'offsets-invalid': { retryable: false, exit: 1, meaning: 'Tensor ranges leave a hole, overlap, or run backwards.' },
  'data-incomplete': {
    retryable: false,
    exit: 1,
    meaning: 'The file ends before the last tensor does, or has bytes after it.',
  },
  'tensor-name-reserved': { retryable: false, exit: 1, meaning: 'A tensor cannot be named `__metadata__`.' },
  'name-not-well-formed': {
    retryable: false,
    exit: 1,
    meaning: 'A name or value holds a lone surrogate, which no reader accepts.',
  },
  'index-json-invalid': { retryable: false, exit: 1, meaning: 'The index is not one JSON object by RFC 8259.' },
  'index-weight-map-invalid': {
    retryable: false,
    exit: 1,
    meaning:
      '`weight_map` is missing, empty, names more than 500,000 tensors, or maps a name to something other than a file name.',
  },
  'index-file-name-invalid': {
    retryable: false,
    exit: 1,
    meaning: 'A shard name in the index leaves the folder or is not a plain relative `.safetensors` path.',
  },
  'index-shard-missing': { retryable: false, exit: 1, meaning: 'The index names a shard that is missing.' },
  'index-tensor-missing': {
    retryable: false,
    exit: 1,
    meaning: 'The index names a tensor that its shard does not hold.',
  },
  'layers-too-many': {
    retryable: false,
    exit: 1,
    meaning: 'The tensor names have more than 10,000 different layer numbers, which no model has.',
  },
  'lfs-pointer': {
    retryable: false,
    exit: 1,
    meaning: 'The file is a Git LFS pointer: the weights themselves were not downloaded.',
  },
  'not-weights': {
    retryable: false,
    exit: 1,
    meaning: 'The file is not a safetensors file: it is a web page, an archive, another format, a pointer, or zeros.',
  },
  'config-invalid': { retryable: false, exit: 1, meaning: 'config.json is not a JSON object.' },
  'no-checkpoint': { retryable: false, exit: 2, meaning: 'There is no safetensors file to read.' },
  'lora-adapter': {
    retryable: false,
    exit: 1,
    meaning: 'The folder holds a LoRA adapter, not a model; its experts are in the base model.',
  },
  'checkpoint-unusable': {
    retryable: false,
    exit: 1,
    meaning: 'The files cannot be used as they are; the message repeats the finding that says why.',
  },
  'checkpoint-defective': {
    retryable: false,
    exit: 1,
    meaning: 'The checkpoint has a defect in the part that was asked for; `inspect` shows the same message.',
  },
  'not-convertible': { retryable: false, exit: 1, meaning: 'The plan was refused; its reasons say why.' },
  usage: { retryable: false, exit: 2, meaning: 'The command or option cannot be understood.' },
  'path-not-found': { retryable: false, exit: 2, meaning: 'The file or folder does not exist.' },
  'not-a-file': {
    retryable: false,
    exit: 2,
    meaning: 'The name of a file belongs to a folder, pipe, socket or device.',
  },
  'file-not-permitted': {
    retryable: false,
    exit: 2,
    meaning: 'This user has no permission to read the file or folder.',
  },
  'path-outside-folder': {
    retryable: false,
    exit: 2,
    meaning: 'A name or link points outside its folder.',
  },
  'read-failed': { retryable: true, exit: 2, meaning: 'Bytes could not be read.' },
  'read-short': { retryable: true, exit: 2, meaning: 'Fewer bytes came than were asked for.' },
  'read-overlong': { retryable: false, exit: 2, meaning: 'More bytes came than were asked for.' },
  'range-ignored': {
    retryable: false,
    exit: 2,
    meaning: 'The server sent the whole file instead of the range that was asked for.',
  },
  'content-range-wrong': {
    retryable: false,
    exit: 2,
    meaning: 'The answer to a ranged request does not state exactly the bytes that were asked for.',
  },
  network: {
    retryable: true,
    exit: 2,
    meaning: 'The server could not be reached: the request was blocked, or the network is down.',
  },
  stalled: { retryable: true, exit: 2, meaning: 'The server sent no bytes for too long.' },
  'redirect-unsafe': {
    retryable: false,
    exit: 2,
    meaning: 'The server redirected to an address that is not allowed to answer.',
  },
  'redirect-loop': { retryable: false, exit: 2, meaning: 'The server redirected too many times and never answered.' },
  'rate-limited': { retryable: true, exit: 2, meaning: 'The server asks for fewer requests (429).' },
  'server-error': { retryable: true, exit: 2, meaning: 'The server could not answer for now (408, 5xx).' },
  'http-status': {
    retryable: false,
    exit: 2,
    meaning: 'The server refused a request for a reason that no other tag describes.',
  },
  'link-expired': {
    retryable: true,
    exit: 2,
    meaning: 'The file server no longer accepts the CDN URL that the Hub signed.',
  },
  'answer-invalid': {
    retryable: false,
    exit: 2,
    meaning: 'The server sent an answer of the wrong form, or one that is too long.',
  },
  'repo-reference-invalid': { retryable: false, exit: 2, meaning: 'The text names no model repository of the Hub.' },
  'repo-not-found': {
    retryable: false,
    exit: 2,
    meaning: 'The repository does not exist, or it is private and this account may not read it.',
  },
  'revision-not-found': { retryable: false, exit: 2, meaning: 'The repository has no such branch, tag or commit.' },
  'repo-gated': {
    retryable: false,
    exit: 2,
    meaning: 'The repository is gated: only accounts that its authors accepted may read it.',
  },
  'repo-disabled': { retryable: false, exit: 2, meaning: 'The Hub no longer serves the files of the repository.' },
  'token-rejected': { retryable: false, exit: 2, meaning: 'The Hub does not accept the access token.' },
  'access-denied': { retryable: false, exit: 2, meaning: 'The access token is valid, but it may not read this.' },
  'sign-in-failed': { retryable: false, exit: 2, meaning: 'Signing in at the Hub was declined or failed.' },
  'source-hash-wrong': {
    retryable: false,
    exit: 1,
    meaning: 'A source file does not match the sha256 that its source states.',
  },
  'source-changed': { retryable: false, exit: 2, meaning: 'A source file changed while it was being read.' },
  'write-failed': { retryable: false, exit: 2, meaning: 'Bytes could not be written.' },
  'permission-lost': {
    retryable: false,
    exit: 2,
    meaning: 'The browser no longer allows the page to use the folder, or the folder was deleted.',
  },
  'storage-unavailable': {
    retryable: false,
    exit: 2,
    meaning: 'The browser gives this page no storage, or has cleared it.',
  },
  'disk-full': { retryable: false, exit: 2, meaning: 'The disk or storage of the output is full.' },
  'output-not-empty': { retryable: false, exit: 2, meaning: 'The output folder already holds files.' },
  'output-changed': {
    retryable: false,
    exit: 2,
    meaning: 'A finished output file was removed or changed while the conversion was running.',
  },
  'output-in-use': { retryable: true, exit: 2, meaning: 'Another process or tab is writing the same output.' },
  'output-unfinished': {
    retryable: false,
    exit: 2,
    meaning: 'The output folder holds an unfinished conversion: resume it, or start again.',
  },
  'resume-refused': {
    retryable: false,
    exit: 2,
    meaning: 'The unfinished conversion used other source files or another plan, so it cannot be resumed.',
  },
  'output-inside-source': { retryable: false, exit: 2, meaning: 'The output folder is the source, or lies inside it.' },
  'tensor-unreadable': {
    retryable: false,
    exit: 2,
    meaning: 'This program cannot compute with the format of a tensor.',
  },
  'block-unknown': {
    retryable: false,
    exit: 2,
    meaning: 'This program does not know how the layer computes, or the checkpoint lacks what the layer needs.',
  },
  'runtime-unavailable': { retryable: true, exit: 2, meaning: 'The runtime that computes layers could not be loaded.' },
  'runtime-failed': {
    retryable: false,
    exit: 2,
    meaning: 'The runtime could not compute a layer: it ran out of memory or failed.',
  },
  'verify-failed': { retryable: false, exit: 1, meaning: 'The data that was read back differs from the source.' },
  'part-not-loaded': {
    retryable: true,
    exit: 2,
    meaning: 'A script of the page could not be loaded: the server did not answer, or it has a newer version.',
  },
  cancelled: { retryable: false, exit: 2, meaning: 'The work was stopped on request.' },
  internal: { retryable: false, exit: 2, meaning: 'The program has a bug: an internal check failed.' },
} as const;

export type ErrorTag = keyof typeof ERROR_TAGS;

/** Where an error happened: as much as is known. `byte` counts from 0 at the start of `file`. */
export interface ErrorFields {
  readonly file?: string;
  readonly byte?: number;
  readonly tensor?: string;
  readonly [field: string]: string | number | boolean | null | undefined;
}

/**
 * The one error class of the core: narrowed by `tag`, never by class, so that it survives a worker's border.
 *
 * @example
 * ```ts
 * import { LoomError } from 'moe-loom/safetensors';
 * const error = new LoomError('usage', 'Give a number.', { file: 'config.json' });
 * console.log(error.tag, error.fields.file); // → usage config.json
 * ```
 */
export class LoomError extends Error {
  readonly tag: ErrorTag;
  readonly fields: ErrorFields;

  constructor(tag: ErrorTag, message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LoomError';
    this.tag = tag;
    this.fields = fields;
  }

  get retryable(): boolean {
    return ERROR_TAGS[this.tag].retryable;
  }
}

/**
 * True for our own errors, also for ones that crossed a worker's border and were rebuilt by {@link fromWire}.
 *
 * @example
 * ```ts
 * import { isLoomError, parseIndex } from 'moe-loom/safetensors';
 * try {
 *   parseIndex(new Uint8Array([123]), { file: 'model.safetensors.index.json' });
 * } catch (error) {
 *   console.log(isLoomError(error) && error.tag); // → index-json-invalid
 * }
 * ```
 */
export function isLoomError(value: unknown): value is LoomError {
  return value instanceof Error && value.name === 'LoomError' && 'tag' in value;
}

export interface ErrorWire {
  readonly tag: ErrorTag;
  readonly message: string;
  readonly fields: ErrorFields;
}

/** The value that crosses a worker's border instead of an error. Foreign errors become `internal` with their message. */
export function toWire(error: unknown): ErrorWire {
  if (isLoomError(error)) return { tag: error.tag, message: error.message, fields: error.fields };
  if (isAbort(error)) return { tag: 'cancelled', message: 'The work was stopped.', fields: {} };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { tag: 'internal', message, fields: {} };
}

export function fromWire(wire: ErrorWire): LoomError {
  return new LoomError(wire.tag, wire.message, wire.fields);
}

/** True for what an aborted signal throws, in every engine. */
export function isAbort(error: unknown): boolean {
  if (isLoomError(error)) return error.tag === 'cancelled';
  return error instanceof Error && error.name === 'AbortError';
}

/** @throws LoomError `cancelled` when the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LoomError('cancelled', 'The work was stopped.');
}

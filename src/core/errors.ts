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
    meaning: 'The header is above a cap: 100,000,000 bytes unless set otherwise, 300,000 tensors.',
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
    meaning: 'A key stands twice in one object; readers disagree on which one counts.',
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
  'index-shard-missing': { retryable: false, exit: 1, meaning: 'The index names a shard that is not there.' },
  'index-tensor-missing': {
    retryable: false,
    exit: 1,
    meaning: 'The index names a tensor that its shard does not hold.',
  },
  'layers-too-many': {
    retryable: false,
    exit: 1,
    meaning: 'The names of the tensors number more than 10,000 layers, which no model has.',
  },
  'lfs-pointer': {
    retryable: false,
    exit: 1,
    meaning: 'The file is a Git LFS pointer: the weights themselves were not downloaded.',
  },
  'not-weights': {
    retryable: false,
    exit: 1,
    meaning: 'The file is something else than safetensors: a web page, an archive, another format, a pointer, zeros.',
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
    meaning: 'What the files hold cannot be worked with as it is; the finding that it repeats says why.',
  },
  'checkpoint-defective': {
    retryable: false,
    exit: 1,
    meaning: 'The checkpoint lacks or muddles what was asked for: the message is what `inspect` says of it.',
  },
  'not-convertible': { retryable: false, exit: 1, meaning: 'The plan was refused; its reasons say why.' },
  usage: { retryable: false, exit: 2, meaning: 'The command or option cannot be understood.' },
  'path-not-found': { retryable: false, exit: 2, meaning: 'The file or folder does not exist.' },
  'not-a-file': {
    retryable: false,
    exit: 2,
    meaning: 'A folder, pipe, socket or device has the name of a file.',
  },
  'file-not-permitted': {
    retryable: false,
    exit: 2,
    meaning: 'This user may not read the file or folder, so nothing is known of it.',
  },
  'path-outside-folder': {
    retryable: false,
    exit: 2,
    meaning: 'A name or link leads out of the folder it belongs to.',
  },
  'read-failed': { retryable: true, exit: 2, meaning: 'Bytes could not be read.' },
  'read-short': { retryable: true, exit: 2, meaning: 'Fewer bytes came than were asked for.' },
  'read-overlong': { retryable: false, exit: 2, meaning: 'More bytes came than were asked for.' },
  'range-ignored': {
    retryable: false,
    exit: 2,
    meaning: 'The server sent the whole file in place of the range that was asked for.',
  },
  'content-range-wrong': {
    retryable: false,
    exit: 2,
    meaning: 'The answer to a ranged request does not state exactly the bytes that were asked for.',
  },
  network: { retryable: true, exit: 2, meaning: 'No answer could be read: blocked or offline.' },
  stalled: { retryable: true, exit: 2, meaning: 'No bytes came for too long.' },
  'redirect-unsafe': {
    retryable: false,
    exit: 2,
    meaning: 'The server led to a place that its answer must not come from.',
  },
  'redirect-loop': { retryable: false, exit: 2, meaning: 'Redirects led on and on, and to no answer.' },
  'rate-limited': { retryable: true, exit: 2, meaning: 'The server asks for fewer requests (429).' },
  'server-error': { retryable: true, exit: 2, meaning: 'The server could not answer for now (408, 5xx).' },
  'http-status': {
    retryable: false,
    exit: 2,
    meaning: 'The server refused a request, for a reason that has no tag of its own.',
  },
  'link-expired': {
    retryable: true,
    exit: 2,
    meaning: 'The file server no longer takes the signed address that the Hub gave.',
  },
  'answer-invalid': {
    retryable: false,
    exit: 2,
    meaning: 'The answer of a server is not what its interface promises, or is longer than we read.',
  },
  'repo-reference-invalid': { retryable: false, exit: 2, meaning: 'The text names no model repository of the Hub.' },
  'repo-not-found': {
    retryable: false,
    exit: 2,
    meaning: 'The repository does not exist, or is private and we are not let in.',
  },
  'revision-not-found': { retryable: false, exit: 2, meaning: 'The repository has no such branch, tag or commit.' },
  'repo-gated': { retryable: false, exit: 2, meaning: 'The authors of the repository let in only whom they accepted.' },
  'repo-disabled': { retryable: false, exit: 2, meaning: 'The Hub no longer serves the files of the repository.' },
  'token-rejected': { retryable: false, exit: 2, meaning: 'The Hub does not accept the access token.' },
  'access-denied': { retryable: false, exit: 2, meaning: 'The access token is valid, and may not read this.' },
  'sign-in-failed': { retryable: false, exit: 2, meaning: 'Signing in at the Hub was declined or did not come about.' },
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
    meaning: 'The browser no longer lets the page into the folder, or the folder is gone.',
  },
  'storage-unavailable': {
    retryable: false,
    exit: 2,
    meaning: 'The browser gives this page no storage, or has cleared it.',
  },
  'disk-full': { retryable: false, exit: 2, meaning: 'The place the output goes to is full.' },
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
    meaning: 'The output is an unfinished conversion: go on with it, or start anew.',
  },
  'resume-refused': {
    retryable: false,
    exit: 2,
    meaning: 'An unfinished conversion was made of other source files, or by another plan.',
  },
  'output-inside-source': { retryable: false, exit: 2, meaning: 'The output folder is the source, or lies inside it.' },
  'tensor-unreadable': {
    retryable: false,
    exit: 2,
    meaning: 'The numbers of a tensor are stored in a way that is not computed with here.',
  },
  'block-unknown': {
    retryable: false,
    exit: 2,
    meaning: 'How the layer computes is not known here, or what it needs is not in the checkpoint.',
  },
  'runtime-unavailable': { retryable: true, exit: 2, meaning: 'The runtime that computes layers could not be loaded.' },
  'runtime-failed': {
    retryable: false,
    exit: 2,
    meaning: 'The runtime could not compute a layer, for memory or for another reason of its own.',
  },
  'verify-failed': { retryable: false, exit: 1, meaning: 'What was read back is not what the source holds.' },
  'part-not-loaded': {
    retryable: true,
    exit: 2,
    meaning: 'A script of the page could not be loaded: the server is not reached, or holds a newer version.',
  },
  cancelled: { retryable: false, exit: 2, meaning: 'The work was stopped on request.' },
  internal: { retryable: false, exit: 2, meaning: 'A rule of this program was broken by the program itself.' },
} as const;

export type ErrorTag = keyof typeof ERROR_TAGS;

/** Where an error happened: as much as is known. `byte` counts from 0 at the start of `file`. */
export interface ErrorFields {
  readonly file?: string;
  readonly byte?: number;
  readonly tensor?: string;
  readonly [field: string]: string | number | boolean | null | undefined;
}

/** The one error class of the core: narrowed by `tag`, never by class, so that it survives a worker's border. */
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

/** True for our own errors, also for ones that crossed a worker's border and were rebuilt by {@link fromWire}. */
export function isLoomError(value: unknown): value is LoomError {
  return value instanceof Error && value.name === 'LoomError' && 'tag' in value;
}

export interface ErrorWire {
  readonly tag: ErrorTag;
  readonly message: string;
  readonly fields: ErrorFields;
}

/** The value that crosses a worker's border in place of an error. Foreign errors become `internal` with their message. */
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

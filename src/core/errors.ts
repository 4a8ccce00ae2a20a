/**
 * Every error tag of the core, with how it ends. What each means is in `error-meanings.ts`.
 *
 * `retryable` says whether the same call may succeed later without anybody changing anything; `exit` is the command
 * line's code: 1 when the files are wrong ("the answer is no"), 2 when the work could not be done.
 */
export const ERROR_TAGS = {
  'header-too-small': { retryable: false, exit: 1 },
  'header-too-large': { retryable: false, exit: 1 },
  'header-length-invalid': { retryable: false, exit: 1 },
  'header-utf8-invalid': { retryable: false, exit: 1 },
  'header-json-invalid': { retryable: false, exit: 1 },
  'header-depth-exceeded': { retryable: false, exit: 1 },
  'header-key-duplicate': { retryable: false, exit: 1 },
  'metadata-invalid': { retryable: false, exit: 1 },
  'tensor-entry-invalid': { retryable: false, exit: 1 },
  'dtype-unknown': { retryable: false, exit: 1 },
  'shape-overflow': { retryable: false, exit: 1 },
  'tensor-misaligned': { retryable: false, exit: 1 },
  'tensor-size-mismatch': { retryable: false, exit: 1 },
  'offsets-invalid': { retryable: false, exit: 1 },
  'data-incomplete': { retryable: false, exit: 1 },
  'tensor-name-reserved': { retryable: false, exit: 1 },
  'name-not-well-formed': { retryable: false, exit: 1 },
  'index-json-invalid': { retryable: false, exit: 1 },
  'index-weight-map-invalid': { retryable: false, exit: 1 },
  'index-file-name-invalid': { retryable: false, exit: 1 },
  'index-shard-missing': { retryable: false, exit: 1 },
  'index-tensor-missing': { retryable: false, exit: 1 },
  'layers-too-many': { retryable: false, exit: 1 },
  'lfs-pointer': { retryable: false, exit: 1 },
  'not-weights': { retryable: false, exit: 1 },
  'config-invalid': { retryable: false, exit: 1 },
  'no-checkpoint': { retryable: false, exit: 2 },
  'lora-adapter': { retryable: false, exit: 1 },
  'checkpoint-unusable': { retryable: false, exit: 1 },
  'checkpoint-defective': { retryable: false, exit: 1 },
  'not-convertible': { retryable: false, exit: 1 },
  usage: { retryable: false, exit: 2 },
  'path-not-found': { retryable: false, exit: 2 },
  'not-a-file': { retryable: false, exit: 2 },
  'file-not-permitted': { retryable: false, exit: 2 },
  'path-outside-folder': { retryable: false, exit: 2 },
  'read-failed': { retryable: true, exit: 2 },
  'read-short': { retryable: true, exit: 2 },
  'read-overlong': { retryable: false, exit: 2 },
  'range-ignored': { retryable: false, exit: 2 },
  'content-range-wrong': { retryable: false, exit: 2 },
  network: { retryable: true, exit: 2 },
  stalled: { retryable: true, exit: 2 },
  'redirect-unsafe': { retryable: false, exit: 2 },
  'redirect-loop': { retryable: false, exit: 2 },
  'rate-limited': { retryable: true, exit: 2 },
  'server-error': { retryable: true, exit: 2 },
  'http-status': { retryable: false, exit: 2 },
  'link-expired': { retryable: true, exit: 2 },
  'answer-invalid': { retryable: false, exit: 2 },
  'repo-reference-invalid': { retryable: false, exit: 2 },
  'repo-not-found': { retryable: false, exit: 2 },
  'revision-not-found': { retryable: false, exit: 2 },
  'repo-gated': { retryable: false, exit: 2 },
  'repo-disabled': { retryable: false, exit: 2 },
  'token-rejected': { retryable: false, exit: 2 },
  'access-denied': { retryable: false, exit: 2 },
  'sign-in-failed': { retryable: false, exit: 2 },
  'source-hash-wrong': { retryable: false, exit: 1 },
  'source-changed': { retryable: false, exit: 2 },
  'write-failed': { retryable: false, exit: 2 },
  'permission-lost': { retryable: false, exit: 2 },
  'storage-unavailable': { retryable: false, exit: 2 },
  'disk-full': { retryable: false, exit: 2 },
  'output-not-empty': { retryable: false, exit: 2 },
  'output-changed': { retryable: false, exit: 2 },
  'output-in-use': { retryable: true, exit: 2 },
  'output-unfinished': { retryable: false, exit: 2 },
  'resume-refused': { retryable: false, exit: 2 },
  'output-inside-source': { retryable: false, exit: 2 },
  'tensor-unreadable': { retryable: false, exit: 2 },
  'block-unknown': { retryable: false, exit: 2 },
  'runtime-unavailable': { retryable: true, exit: 2 },
  'runtime-failed': { retryable: false, exit: 2 },
  'verify-failed': { retryable: false, exit: 1 },
  'part-not-loaded': { retryable: true, exit: 2 },
  cancelled: { retryable: false, exit: 2 },
  internal: { retryable: false, exit: 2 },
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

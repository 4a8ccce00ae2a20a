import type { ErrorTag } from './error-tags.ts';

export { ERROR_TAGS, type ErrorTag } from './error-tags.ts';

/** Tags of errors that may be gone at the next try; `error-tags.ts` says the same, and more, in a table that a page does not need. */
export const RETRYABLE: ReadonlySet<ErrorTag> = new Set([
  'read-failed',
  'read-short',
  'network',
  'stalled',
  'rate-limited',
  'server-error',
  'link-expired',
  'output-in-use',
  'runtime-unavailable',
  'part-not-loaded',
]);

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
    return RETRYABLE.has(this.tag);
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

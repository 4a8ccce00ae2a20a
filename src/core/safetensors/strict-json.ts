import type { ErrorTag } from '../errors.ts';
import { JsonScanner, type ScanTags } from './json-scanner.ts';

export interface StrictJsonOptions {
  readonly file: string;
  /** The tag that every fault gets. */
  readonly tag: ErrorTag;
}

/** The tags of a file whose faults all have one tag. */
export function uniformTags(tag: ErrorTag): ScanTags {
  return { syntax: tag, utf8: tag, depth: tag, duplicate: tag, surrogate: tag };
}

/**
 * The value of a JSON text read strictly: what `JSON.parse` lets pass (duplicate keys, lone surrogates, a byte order
 * mark, numbers beyond a double, any depth) is refused. Objects have no prototype, so `__proto__` is a key as any other.
 *
 * @throws LoomError with `tag`, `file` and the byte.
 */
export function parseStrictJson(bytes: Uint8Array, options: StrictJsonOptions): unknown {
  const scanner = new JsonScanner(bytes, { file: options.file, tags: uniformTags(options.tag) });
  const value = scanner.readValue();
  scanner.expectEnd();
  return value;
}

/** True for an object of {@link parseStrictJson}, as against an array or null. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

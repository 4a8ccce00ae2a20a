import { mapConcurrent } from '../concurrency.ts';
import { type ErrorTag, isAbort, isLoomError, LoomError, toWire } from '../errors.ts';
import { MAX_INDEX_BYTES, parseIndex } from '../safetensors/index-file.ts';
import { readHeader } from '../safetensors/read-header.ts';
import type { ShardIndex } from '../safetensors/types.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { assembleCheckpoint, type ParsedConfig, type ShardOutcome } from './assemble.ts';
import { finding } from './finding.ts';
import { type Listing, listCheckpoint, SINGLE_FILE } from './listing.ts';
import type { Checkpoint, Finding } from './types.ts';

/** Shards whose headers are read at once. */
const HEADERS_AT_ONCE = 8;
/** A config is small; anything larger is a mistake or an attack. */
const MAX_CONFIG_BYTES = 20e6;

/** Errors that speak of the whole repo, not of one shard: there is no partial answer then. */
const ABOUT_ALL: ReadonlySet<ErrorTag> = new Set([
  'repo-gated',
  'repo-not-found',
  'repo-disabled',
  'revision-not-found',
  'access-denied',
  'token-rejected',
]);

export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /** Read the index before the shards (`first`, the default) or leave it to {@link readCheckpointIndex} (`later`). */
  readonly index?: 'first' | 'later';
  /** Called as each header arrives, with the checkpoint as far as it is known. */
  readonly onShard?: (progress: OpenProgress) => void;
}

export interface OpenProgress {
  readonly done: number;
  readonly total: number;
  /** The checkpoint of the shards read so far: built only when asked for. */
  readonly partial: () => Checkpoint;
}

/**
 * Reads headers, index and config of a set of files, never tensor bytes, and joins them into one checkpoint.
 *
 * Shards that cannot be read become findings; when none can, the first one's error is thrown.
 * @throws LoomError `no-checkpoint`, `lora-adapter`, `cancelled`, or a lone shard's own error.
 */
export async function openCheckpoint(files: FileSet, options: OpenOptions = {}): Promise<Checkpoint> {
  const { signal } = options;
  const listing = listCheckpoint(files.identity, await files.list({ signal }));
  const [config, index] = await Promise.all([readConfig(files, listing, signal), indexOf(files, listing, options)]);
  const shards =
    index.value && index.value !== 'unread' ? [...new Set(index.value.weightMap.values())].sort() : listing.shards;
  const arrived: ShardOutcome[] = [];
  const assemble = (outcomes: readonly ShardOutcome[]) =>
    assembleCheckpoint({
      identity: files.identity,
      listing,
      outcomes,
      config: config.value,
      index: index.value,
      findings: [...config.findings, ...index.findings],
    });
  const outcomes = await mapConcurrent(
    shards,
    HEADERS_AT_ONCE,
    async (file, inner) => {
      const outcome = await readShard(files, listing, file, inner);
      arrived.push(outcome);
      options.onShard?.({ done: arrived.length, total: shards.length, partial: () => assemble([...arrived]) });
      return outcome;
    },
    signal,
  );
  const first = outcomes[0];
  if (first && 'error' in first && outcomes.every((outcome) => 'error' in outcome)) {
    throw new LoomError(first.error.tag, first.error.message, { file: first.file });
  }
  return assemble(outcomes);
}

async function readShard(files: FileSet, listing: Listing, file: string, signal: AbortSignal): Promise<ShardOutcome> {
  const byteLength = listing.files.find((entry) => entry.name === file)?.byteLength ?? 0;
  let source: ByteSource | undefined;
  try {
    source = await files.open(file, { signal });
    return { file, byteLength: source.byteLength, header: await readHeader(source, { file, signal }) };
  } catch (error) {
    if (isAbort(error) || !isLoomError(error) || ABOUT_ALL.has(error.tag)) throw error;
    const gone = error.tag === 'path-not-found';
    const message = gone ? `The shard ${file} is missing.` : error.message;
    return { file, byteLength, error: { tag: error.tag, message } };
  } finally {
    await source?.dispose?.();
  }
}

interface Outcome<T> {
  readonly value: T;
  readonly findings: readonly Finding[];
}

async function indexOf(
  files: FileSet,
  listing: Listing,
  options: OpenOptions,
): Promise<Outcome<ShardIndex | 'unread' | null>> {
  if (listing.index === null) return { value: null, findings: [] };
  if (options.index === 'later') return { value: 'unread', findings: [] };
  try {
    const index = await readCheckpointIndex(files, listing.index, options.signal);
    return singleFileBeside(listing, index) ?? { value: index, findings: [] };
  } catch (error) {
    if (isAbort(error) || !isLoomError(error)) throw error;
    return { value: null, findings: [finding('index-invalid', error.message, { file: listing.index })] };
  }
}

/** Loaders take `model.safetensors` before any index; an index that speaks of other files is then another checkpoint's. */
function singleFileBeside(listing: Listing, index: ShardIndex): Outcome<null> | null {
  const single = listing.shards.length === 1 && listing.shards[0] === SINGLE_FILE;
  if (!single || [...index.weightMap.values()].includes(SINGLE_FILE)) return null;
  const message = `${SINGLE_FILE} and ${listing.index} lie side by side and speak of different files; loaders read ${SINGLE_FILE}, and so do we.`;
  return { value: null, findings: [finding('formats-mixed', message, { file: SINGLE_FILE })] };
}

/** Reads and parses the index of a checkpoint. @throws LoomError with an `index-…` tag. */
export async function readCheckpointIndex(files: FileSet, file: string, signal?: AbortSignal): Promise<ShardIndex> {
  return parseIndex(await readWhole(files, file, MAX_INDEX_BYTES, signal), { file });
}

async function readConfig(
  files: FileSet,
  listing: Listing,
  signal?: AbortSignal,
): Promise<Outcome<ParsedConfig | null>> {
  if (listing.config === null) return { value: null, findings: [] };
  try {
    return { value: parseConfig(await readWhole(files, listing.config, MAX_CONFIG_BYTES, signal)), findings: [] };
  } catch (error) {
    if (isAbort(error)) throw error;
    return {
      value: null,
      findings: [
        finding('config-invalid', `config.json cannot be used: ${toWire(error).message}`, { file: 'config.json' }),
      ],
    };
  }
}

/** @throws LoomError `config-invalid` when the bytes are no JSON object. */
export function parseConfig(bytes: Uint8Array): ParsedConfig {
  let value: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    value = JSON.parse(withoutNonFinite(text));
  } catch (cause) {
    throw new LoomError(
      'config-invalid',
      `config.json is not JSON: ${cause instanceof Error ? cause.message : cause}.`,
      { file: 'config.json' },
      cause,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LoomError('config-invalid', 'config.json holds no JSON object.', { file: 'config.json' });
  }
  return { text, value: value as Record<string, unknown> };
}

/** Python writes NaN and Infinity (`time_step_limit` of Mamba hybrids); nothing here reads those keys, so they become null. */
function withoutNonFinite(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) => (token.startsWith('"') ? token : 'null'));
}

/** @throws LoomError `read-failed` when the file is longer than `limit`. */
export async function readWhole(
  files: FileSet,
  file: string,
  limit: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const source = await files.open(file, { signal });
  try {
    if (source.byteLength > limit) {
      throw new LoomError(
        'read-failed',
        `${file} has ${source.byteLength} bytes, more than the ${limit} that such a file may have.`,
        { file },
      );
    }
    return await source.read({ start: 0, end: source.byteLength }, { signal });
  } finally {
    await source.dispose?.();
  }
}

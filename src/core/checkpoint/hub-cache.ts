import { mapConcurrent } from '../concurrency.ts';
import { LoomError } from '../errors.ts';
import { INDEX_FILE } from '../safetensors/index-file.ts';
import { readHeader } from '../safetensors/read-header.ts';
import { readIndex } from '../safetensors/read-index.ts';
import type { ByteSource, FileEntry, FileSet } from '../source/types.ts';
import { CONFIG_FILES, SINGLE_FILE } from './listing.ts';

/** JSON files of a model are smaller. */
const MAX_JSON_BYTES = 30e6;
const MAX_HEADER_BYTES = 100e6;
const BLOBS_AT_ONCE = 8;
const COMMIT = /^[0-9a-f]{40}$/;

/**
 * Gives the files of a Hub cache folder their names back.
 *
 * The cache keeps files under their hashes in `blobs/`, and names them by links in `snapshots/`, which browsers leave
 * out. Shards are recognised by their tensors in the index, JSON files by their keys; what is not recognised keeps its
 * path. Other sets pass unchanged.
 * @throws LoomError `path-not-found` when the folder holds several revisions, `no-checkpoint` for a snapshot that shows
 * no files.
 */
export function withHubCacheNames(files: FileSet): FileSet {
  let named: Promise<ReadonlyMap<string, FileEntry>> | null = null;
  const names = (signal: AbortSignal | undefined) => {
    named ??= nameFiles(files, signal).catch((error: unknown) => {
      named = null;
      throw error;
    });
    return named;
  };
  return {
    ...files,
    list: async (options) =>
      [...(await names(options?.signal))].map(([name, { byteLength }]) => ({ name, byteLength })),
    open: async (name, options) => files.open((await names(options?.signal)).get(name)?.name ?? name, options),
  };
}

async function nameFiles(files: FileSet, signal: AbortSignal | undefined): Promise<ReadonlyMap<string, FileEntry>> {
  const entries = await files.list({ signal });
  if (entries.length === 0 && COMMIT.test(files.identity)) throw hiddenSnapshot(files.identity);
  if (!isCacheWithoutLinks(entries)) return new Map(entries.map((entry) => [entry.name, entry]));
  const blobs = entries.filter((entry) => entry.name.startsWith('blobs/') && !entry.name.endsWith('.incomplete'));
  const looked = await mapConcurrent(blobs, BLOBS_AT_ONCE, (blob, inner) => lookAt(files, blob, inner), signal);
  const shardNames = await shardNamesOf(files, looked, signal);
  const named = new Map<string, FileEntry>();
  for (const found of looked) {
    const name = found.tensors ? shardNames(found.tensors) : found.name;
    if (name === null || (named.has(name) && !isNeeded(name))) named.set(found.entry.name, found.entry);
    else if (named.has(name)) throw severalRevisions(files.identity);
    else named.set(name, found.entry);
  }
  return named;
}

function isCacheWithoutLinks(entries: readonly FileEntry[]): boolean {
  return (
    entries.some((entry) => entry.name.startsWith('blobs/')) &&
    entries.every((entry) => /^(blobs|refs)\//.test(entry.name))
  );
}

/** Files that a conversion reads: two of one name cannot be told apart. */
function isNeeded(name: string): boolean {
  return name.endsWith('.safetensors') || name === INDEX_FILE || CONFIG_FILES.some((file) => file === name);
}

interface Looked {
  readonly entry: FileEntry;
  /** What a JSON file is by its keys, null when it is not known. */
  readonly name: string | null;
  /** Names of a shard's tensors, null for other files. */
  readonly tensors: readonly string[] | null;
}

async function lookAt(files: FileSet, entry: FileEntry, signal: AbortSignal | undefined): Promise<Looked> {
  const source = await files.open(entry.name, { signal });
  try {
    const head = await source.read({ start: 0, end: Math.min(9, source.byteLength) }, { signal });
    if (isSafetensors(head, source)) {
      const header = await readHeader(source, { file: entry.name, signal });
      return { entry, name: null, tensors: [...header.tensors.keys()] };
    }
    const isJson = head[0] === 0x7b && source.byteLength <= MAX_JSON_BYTES;
    const name = isJson ? jsonName(await source.read({ start: 0, end: source.byteLength }, { signal })) : null;
    return { entry, name, tensors: null };
  } finally {
    await source.dispose?.();
  }
}

function isSafetensors(head: Uint8Array<ArrayBuffer>, source: ByteSource): boolean {
  if (head.byteLength < 9 || head[8] !== 0x7b) return false;
  const length = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true);
  return length <= BigInt(Math.min(MAX_HEADER_BYTES, source.byteLength - 8));
}

/** Keys that only one file of a model has, in the order in which they are looked for. */
const BY_KEY: readonly (readonly [string, string])[] = [
  ['weight_map', INDEX_FILE],
  ['tokenizer_class', 'tokenizer_config.json'],
  ['added_tokens', 'tokenizer.json'],
  ['model_type', 'config.json'],
  ['architectures', 'config.json'],
  ['n_layers', 'params.json'],
  ['_from_model_config', 'generation_config.json'],
  ['do_sample', 'generation_config.json'],
  ['eos_token_id', 'generation_config.json'],
  ['eos_token', 'special_tokens_map.json'],
];

function jsonName(bytes: Uint8Array): string | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value !== 'object' || value === null) return null;
    return BY_KEY.find(([key]) => Object.hasOwn(value, key))?.[1] ?? null;
  } catch {
    return null;
  }
}

/** How shards are called: by the index, or `model.safetensors` for a lone one without. */
async function shardNamesOf(files: FileSet, looked: readonly Looked[], signal: AbortSignal | undefined) {
  const indexes = looked.filter((found) => found.name === INDEX_FILE);
  const shards = looked.filter((found) => found.tensors);
  if (indexes.length > 1 || (indexes.length === 0 && shards.length > 1)) throw severalRevisions(files.identity);
  const [index] = indexes;
  if (!index) return () => SINGLE_FILE;
  const source = await files.open(index.entry.name, { signal });
  const { weightMap } = await readIndex(source, { file: INDEX_FILE, signal }).finally(() => source.dispose?.());
  return (tensors: readonly string[]): string | null => {
    const names = new Set(tensors.map((tensor) => weightMap.get(tensor) ?? null));
    return names.size === 1 ? ([...names][0] ?? null) : null;
  };
}

function severalRevisions(identity: string): LoomError {
  const message = `Browsers do not show the links of the Hub cache, and ${identity} holds several files that could be the same one. Use the command line, which follows the links, or copy one snapshot with its links followed (cp -rL).`;
  return new LoomError('path-not-found', message, { file: identity });
}

function hiddenSnapshot(identity: string): LoomError {
  const message = `Browsers do not show links, and the snapshot ${identity} holds nothing else. Open the folder two levels up, models--…, instead.`;
  return new LoomError('no-checkpoint', message, { file: identity });
}

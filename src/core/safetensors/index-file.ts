import { LoomError } from '../errors.ts';
import { JsonScanner, OPEN_BRACE, QUOTE, quote } from './json-scanner.ts';
import { formatPythonJson } from './python-json.ts';
import { isJsonObject, uniformTags } from './strict-json.ts';
import type { ShardIndex } from './types.ts';
import { assertWellFormed } from './utf8.ts';

export interface IndexOptions {
  readonly file: string;
}

/** The name of the index when nothing else is said. */
export const INDEX_FILE = 'model.safetensors.index.json';

/** As @huggingface/hub caps it; the largest index known (Kimi K3, 497,000 tensors) has 60 MB. */
export const MAX_INDEX_BYTES = 250_000_000;

const TAGS = uniformTags('index-json-invalid');
const MAP_TAG = 'index-weight-map-invalid';
const SUFFIX = '.safetensors';
/** Control characters, and what would make a name an address, a query, an escape or a Windows path. */
const FORBIDDEN = /[\p{Cc}\\:?#%]/u;

/**
 * A shard index read strictly: no key twice, every shard name a plain relative path.
 *
 * @throws LoomError `index-json-invalid`, `index-weight-map-invalid`, `index-file-name-invalid`, with `file` and the byte.
 */
export function parseIndex(bytes: Uint8Array, { file }: IndexOptions): ShardIndex {
  if (bytes.length > MAX_INDEX_BYTES) {
    const message = `${file} has ${bytes.length} bytes, above the cap of ${MAX_INDEX_BYTES} for an index.`;
    throw new LoomError('index-json-invalid', message, { file, byte: MAX_INDEX_BYTES });
  }
  const scanner = new JsonScanner(bytes, { file, tags: TAGS });
  if (scanner.peek() !== OPEN_BRACE) scanner.wrongType(TAGS.syntax, 'The index is not a JSON object');
  const seen = new Set<string>();
  let weightMap: Map<string, string> | undefined;
  let metadata: Readonly<Record<string, unknown>> = {};
  for (let more = scanner.openObject(); more; more = scanner.nextMember()) {
    const at = scanner.pos;
    const key = scanner.readKey();
    if (seen.has(key)) scanner.duplicate(key, at);
    seen.add(key);
    if (key === 'weight_map') weightMap = readWeightMap(scanner, file);
    else metadata = keepMetadata(key, scanner.readValue()) ?? metadata;
  }
  scanner.expectEnd();
  if (weightMap === undefined) return scanner.fail(MAP_TAG, 'The index has no weight_map', 0);
  return { weightMap, totalSize: totalSizeOf(metadata), metadata };
}

function keepMetadata(key: string, value: unknown): Readonly<Record<string, unknown>> | null {
  return key === 'metadata' && isJsonObject(value) ? value : null;
}

function readWeightMap(scanner: JsonScanner, file: string): Map<string, string> {
  const start = scanner.pos;
  if (scanner.peek() !== OPEN_BRACE) scanner.wrongType(MAP_TAG, 'weight_map is not an object');
  const weightMap = new Map<string, string>();
  const shards = new Map<string, string>();
  for (let more = scanner.openObject(); more; more = scanner.nextMember()) {
    const at = scanner.pos;
    const { size } = weightMap;
    const name = scanner.readKey();
    weightMap.set(name, readShardName(scanner, name, shards, file));
    if (weightMap.size === size) scanner.duplicate(name, at);
  }
  if (weightMap.size === 0) scanner.fail(MAP_TAG, 'weight_map is empty', start);
  return weightMap;
}

/** Gives one string for all entries of a shard, checked once. */
function readShardName(scanner: JsonScanner, name: string, shards: Map<string, string>, file: string): string {
  const byte = scanner.pos;
  if (scanner.peek() !== QUOTE) {
    scanner.tensor = name;
    scanner.wrongType(MAP_TAG, 'weight_map names something else than a file');
  }
  const shard = scanner.readString();
  const known = shards.get(shard);
  if (known !== undefined) return known;
  checkShardName(shard, { file, byte, tensor: name });
  shards.set(shard, shard);
  return shard;
}

/** Sum of tensor bytes as the index states it, a number or its digits; null when it states none. */
function totalSizeOf(metadata: Readonly<Record<string, unknown>>): number | null {
  const stated = metadata.total_size;
  const size = typeof stated === 'string' && /^\d+$/.test(stated) ? Number(stated) : stated;
  return typeof size === 'number' && Number.isFinite(size) && size >= 0 ? size : null;
}

/**
 * Refuses a shard name that is not a plain relative path: what it names could lie outside the folder, or at another
 * address (transformers #47176, huggingface_hub #4916).
 *
 * @throws LoomError `index-file-name-invalid`.
 */
export function assertShardName(name: string, file: string): void {
  checkShardName(name, { file });
}

function checkShardName(name: string, fields: { file: string; byte?: number; tensor?: string }): void {
  const fault = shardNameFault(name);
  if (fault === null) return;
  const byte = fields.byte === undefined ? '' : `byte ${fields.byte} of `;
  throw new LoomError(
    'index-file-name-invalid',
    `The shard name ${quote(name)} ${fault} (${byte}${fields.file}).`,
    fields,
  );
}

function shardNameFault(name: string): string | null {
  if (name === '') return 'is empty';
  if (FORBIDDEN.test(name)) return 'holds a character that a plain file name has not';
  if (!name.endsWith(SUFFIX)) return `does not end in ${SUFFIX}`;
  const parts = name.split('/');
  if (parts[0] === '') return 'is an absolute path';
  return parts.some((part) => part === '' || part === '.' || part === '..') ? 'has an empty or dotted part' : null;
}

export interface IndexParts {
  readonly weightMap: ReadonlyMap<string, string>;
  /** Bytes of all tensors, without headers. */
  readonly totalSize: number;
  /** Further members of the index's `metadata`. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The text of an index as transformers and huggingface_hub write it: Python's JSON, two spaces, keys sorted.
 *
 * @throws LoomError `index-weight-map-invalid`, `index-file-name-invalid`, `name-not-well-formed` for what {@link parseIndex}
 * would refuse.
 */
export function formatIndex({ weightMap, totalSize, metadata = {} }: IndexParts): string {
  if (weightMap.size === 0) throw new LoomError(MAP_TAG, 'An index without tensors cannot be written.');
  for (const shard of new Set(weightMap.values())) assertShardName(shard, INDEX_FILE);
  for (const name of weightMap.keys()) assertWellFormed(name);
  const members = new Map([...Object.entries(metadata), ['total_size', totalSize]]);
  return `${formatPythonJson({ metadata: members, weight_map: weightMap })}\n`;
}

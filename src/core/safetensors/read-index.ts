import { LoomError } from '../errors.ts';
import type { ByteSource } from '../source/types.ts';
import { MIB } from '../units.ts';
import { checkShardName, MAX_INDEX_BYTES } from './index-file.ts';
import {
  afterMember,
  createPartReader,
  createWalk,
  JSON_PART_BYTES,
  type PartReader,
  readParts,
  rootObject,
  TEXT_END,
  type Walk,
} from './json-parts.ts';
import { JsonScanner, OPEN_BRACE, QUOTE } from './json-scanner.ts';
import { MAX_INDEX_TENSORS, tooManyTensors } from './limits.ts';
import { isJsonObject, uniformTags } from './strict-json.ts';
import type { ShardIndex } from './types.ts';
import { detached } from './utf8.ts';

export interface IndexOptions {
  readonly file: string;
  readonly maxTensors?: number | undefined;
}

const TAGS = uniformTags('index-json-invalid');
const MAP_TAG = 'index-weight-map-invalid';
/** Members of the root beside the two that are read; kept to tell when one repeats. */
const MAX_MEMBERS = 10_000;
/** Metadata longer than this are not kept: they say the total and little else. */
const MAX_METADATA_BYTES = 1 * MIB;
const NOTHING = new Uint8Array(0);

/**
 * A shard index read strictly: no key twice, every shard name a plain relative path.
 *
 * @throws LoomError `index-json-invalid`, `index-weight-map-invalid`, `index-file-name-invalid`, with `file` and the byte.
 * @example
 * ```ts
 * import { parseIndex } from 'moe-loom/safetensors';
 * const text = '{"metadata":{},"weight_map":{"w":"model-00001-of-00001.safetensors"}}';
 * const { weightMap } = parseIndex(new TextEncoder().encode(text), { file: 'model.safetensors.index.json' });
 * console.log(weightMap.get('w')); // → model-00001-of-00001.safetensors
 * ```
 */
export function parseIndex(bytes: Uint8Array, options: IndexOptions): ShardIndex {
  assertLength(bytes.length, options.file);
  const reader = createIndexReader(options);
  for (let at = 0; at < bytes.length; at += JSON_PART_BYTES) reader.push(bytes.subarray(at, at + JSON_PART_BYTES));
  reader.end();
  return reader.result();
}

/** The index that a file holds, read part by part. @throws LoomError as {@link parseIndex}, and what the source throws. */
export async function readIndex(
  source: ByteSource,
  { file, signal }: IndexOptions & { readonly signal?: AbortSignal | undefined },
): Promise<ShardIndex> {
  const { byteLength } = source;
  assertLength(byteLength, file);
  const reader = createIndexReader({ file });
  await readParts(source, { start: 0, end: byteLength }, reader, signal);
  return reader.result();
}

function assertLength(byteLength: number, file: string): void {
  if (byteLength <= MAX_INDEX_BYTES) return;
  const message = `${file} has ${byteLength} bytes, above the cap of ${MAX_INDEX_BYTES} for an index.`;
  throw new LoomError('index-json-invalid', message, { file, byte: MAX_INDEX_BYTES });
}

export interface IndexReader extends PartReader {
  /** What was read, once it has ended. @throws LoomError where the index has no weight_map. */
  result(): ShardIndex;
}

export function createIndexReader({ file, maxTensors = MAX_INDEX_TENSORS }: IndexOptions): IndexReader {
  const { walk, result } = walkIndex(file, maxTensors);
  return { ...createPartReader({ file, tags: TAGS, base: 0 }, walk), result };
}

function walkIndex(file: string, maxTensors: number): { readonly walk: Walk; readonly result: () => ShardIndex } {
  const seen = new Set<string>();
  const weightMap = new Map<string, string>();
  const shards = new Map<string, string>();
  let metadata: Readonly<Record<string, unknown>> = {};
  const walk = createWalk('root', {
    root: rootObject(TAGS, 'The index', 'member', 'end'),
    member: {
      depth: 1,
      step: (scanner, isCut) => {
        const at = scanner.pos;
        const key = scanner.readKey();
        if (seen.has(key)) scanner.duplicate(key, at);
        if (seen.size === MAX_MEMBERS) scanner.fail(TAGS.syntax, `The index has more than ${MAX_MEMBERS} members`, at);
        const value = key === 'metadata' ? readSmall(scanner) : null;
        if (key !== 'weight_map' && key !== 'metadata') scanner.skipValue();
        if (isCut()) return null;
        seen.add(key);
        if (key === 'metadata' && isJsonObject(value)) metadata = value;
        return key === 'weight_map' ? 'map' : 'afterMember';
      },
    },
    afterMember: afterMember(1, 'member', 'end'),
    map: {
      depth: 1,
      step: (scanner, isCut) => {
        const start = scanner.pos;
        if (scanner.peek() !== OPEN_BRACE) scanner.wrongType(MAP_TAG, 'weight_map is not an object');
        const more = scanner.openObject();
        if (isCut()) return null;
        if (!more) scanner.fail(MAP_TAG, 'weight_map is empty', start);
        return 'entry';
      },
    },
    entry: {
      depth: 2,
      step: (scanner) => {
        const at = scanner.pos;
        const { size } = weightMap;
        const name = scanner.readKey();
        if (size === maxTensors) throw tooManyTensors(MAP_TAG, maxTensors, { file, byte: scanner.base + at });
        weightMap.set(name, readShardName(scanner, name, shards, file));
        if (weightMap.size === size) scanner.duplicate(name, at);
        return 'afterEntry';
      },
    },
    afterEntry: afterMember(2, 'entry', 'afterMember'),
    end: TEXT_END,
  });
  return {
    walk,
    result: () => {
      if (weightMap.size === 0) {
        return new JsonScanner(NOTHING, { file, tags: TAGS }).fail(MAP_TAG, 'The index has no weight_map');
      }
      return { weightMap, totalSize: totalSizeOf(metadata), metadata };
    },
  };
}

/** A value that is not too long to keep, else null. */
function readSmall(scanner: JsonScanner): unknown {
  const start = scanner.pos;
  scanner.skipValue();
  if (scanner.pos - start > MAX_METADATA_BYTES) return null;
  scanner.pos = start;
  return scanner.readValue();
}

/** Gives one string for all entries of a shard, checked once. */
function readShardName(scanner: JsonScanner, name: string, shards: Map<string, string>, file: string): string {
  const byte = scanner.pos;
  if (scanner.peek() !== QUOTE) {
    scanner.tensor = name;
    scanner.wrongType(MAP_TAG, 'weight_map maps a name to something that is not a file name');
  }
  const shard = scanner.readString();
  const known = shards.get(shard);
  if (known !== undefined) return known;
  checkShardName(shard, { file, byte: scanner.base + byte, tensor: name });
  const kept = detached(shard);
  shards.set(kept, kept);
  return kept;
}

/** Sum of tensor bytes as the index states it, a number or its digits; null when it states none. */
function totalSizeOf(metadata: Readonly<Record<string, unknown>>): number | null {
  const stated = metadata.total_size;
  const size = typeof stated === 'string' && /^\d+$/.test(stated) ? Number(stated) : stated;
  return typeof size === 'number' && Number.isFinite(size) && size >= 0 ? size : null;
}

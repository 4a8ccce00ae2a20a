import { isLoomError, LoomError } from '../errors.ts';
import type { ByteSource } from '../source/types.ts';
import { MIB } from '../units.ts';
import { checkShardName, MAX_INDEX_BYTES } from './index-file.ts';
import { JsonScanner, OPEN_BRACE, QUOTE } from './json-scanner.ts';
import { MAX_INDEX_TENSORS, tooManyTensors } from './limits.ts';
import { isJsonObject, uniformTags } from './strict-json.ts';
import type { ShardIndex } from './types.ts';
import { detached, withoutCutCharacter } from './utf8.ts';

export interface IndexOptions {
  readonly file: string;
  readonly maxTensors?: number | undefined;
}

/** An index is read in parts of this length: two are in memory, one read while the other is parsed. */
export const INDEX_PART_BYTES = 8 * MIB;

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
 */
export function parseIndex(bytes: Uint8Array, options: IndexOptions): ShardIndex {
  assertLength(bytes.length, options.file);
  const reader = createIndexReader(options);
  for (let at = 0; at < bytes.length; at += INDEX_PART_BYTES) reader.push(bytes.subarray(at, at + INDEX_PART_BYTES));
  return reader.end();
}

/** The index that a file holds, read part by part. @throws LoomError as {@link parseIndex}, and what the source throws. */
export async function readIndex(
  source: ByteSource,
  { file, signal }: IndexOptions & { readonly signal?: AbortSignal | undefined },
): Promise<ShardIndex> {
  const { byteLength } = source;
  assertLength(byteLength, file);
  const partAt = (start: number) =>
    source.read({ start, end: Math.min(start + INDEX_PART_BYTES, byteLength) }, { signal });
  const reader = createIndexReader({ file });
  let coming = partAt(0);
  for (let next = INDEX_PART_BYTES; ; next += INDEX_PART_BYTES) {
    const part = await coming;
    if (next >= byteLength) {
      reader.push(part);
      return reader.end();
    }
    coming = partAt(next);
    // Awaited above, or given up when this part is refused.
    coming.catch(() => {});
    reader.push(part);
  }
}

function assertLength(byteLength: number, file: string): void {
  if (byteLength <= MAX_INDEX_BYTES) return;
  const message = `${file} has ${byteLength} bytes, above the cap of ${MAX_INDEX_BYTES} for an index.`;
  throw new LoomError('index-json-invalid', message, { file, byte: MAX_INDEX_BYTES });
}

/** Takes an index in parts, cut anywhere, and holds of them what is not parsed yet. */
export interface IndexReader {
  /** @throws LoomError where the bytes are not UTF-8; other faults are told at the end, as of a text read whole. */
  push(part: Uint8Array): void;
  /** @throws LoomError as {@link parseIndex}. */
  end(): ShardIndex;
}

export function createIndexReader({ file, maxTensors = MAX_INDEX_TENSORS }: IndexOptions): IndexReader {
  const walk = createWalk(file, maxTensors);
  let rest: Uint8Array = NOTHING;
  let base = 0;
  /** What is left over is looked at again when it is twice as long, so that a long value costs no more than twice. */
  let enough = 0;
  let fault: LoomError | null = null;
  const scan = (final: boolean) => {
    const bytes = final ? rest : withoutCutCharacter(rest);
    const scanner = new JsonScanner(bytes, { file, tags: TAGS, base, depth: base === 0 ? undefined : walk.depth });
    let kept = bytes.length;
    if (fault === null) {
      try {
        kept = walk.on(scanner, final);
      } catch (error) {
        if (!isLoomError(error)) throw error;
        fault = error;
      }
    }
    rest = rest.slice(kept);
    base += kept;
    enough = 2 * rest.length;
  };
  return {
    push: (part) => {
      rest = joined(rest, part);
      if (rest.length >= enough) scan(false);
    },
    end: () => {
      scan(true);
      if (fault !== null) throw fault;
      return walk.result();
    },
  };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Where in an index the walk stands, by the levels that are open there. */
const DEPTHS = { root: 0, member: 1, afterMember: 1, map: 1, entry: 2, afterEntry: 2, end: 0 } as const;
type Place = keyof typeof DEPTHS;

interface Walk {
  readonly depth: number;
  /**
   * Reads on as far as the bytes tell, and gives the position from which they are needed again when more have come.
   *
   * @throws LoomError for a fault that stays one whatever follows.
   */
  on(scanner: JsonScanner, final: boolean): number;
  result(): ShardIndex;
}

/** Goes through an index by steps; one that the bytes end within changes nothing and is taken again. */
function createWalk(file: string, maxTensors: number): Walk {
  const seen = new Set<string>();
  const weightMap = new Map<string, string>();
  const shards = new Map<string, string>();
  let metadata: Readonly<Record<string, unknown>> = {};
  let place: Place | 'done' = 'root';
  /** Each gives the next place, and null where it may not be over: only the byte behind it tells. */
  const steps: Record<Place, (scanner: JsonScanner, isCut: () => boolean) => Place | 'done' | null> = {
    root: (scanner, isCut) => {
      if (scanner.peek() !== OPEN_BRACE) scanner.wrongType(TAGS.syntax, 'The index is not a JSON object');
      const more = scanner.openObject();
      if (isCut()) return null;
      return more ? 'member' : 'end';
    },
    member: (scanner, isCut) => {
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
    afterMember: (scanner, isCut) => {
      const more = scanner.nextMember();
      if (isCut()) return null;
      return more ? 'member' : 'end';
    },
    map: (scanner, isCut) => {
      const start = scanner.pos;
      if (scanner.peek() !== OPEN_BRACE) scanner.wrongType(MAP_TAG, 'weight_map is not an object');
      const more = scanner.openObject();
      if (isCut()) return null;
      if (!more) scanner.fail(MAP_TAG, 'weight_map is empty', start);
      return 'entry';
    },
    entry: (scanner) => {
      const at = scanner.pos;
      const { size } = weightMap;
      const name = scanner.readKey();
      if (size === maxTensors) throw tooManyTensors(MAP_TAG, maxTensors, { file, byte: scanner.base + at });
      weightMap.set(name, readShardName(scanner, name, shards, file));
      if (weightMap.size === size) scanner.duplicate(name, at);
      return 'afterEntry';
    },
    afterEntry: (scanner, isCut) => {
      const more = scanner.nextMember();
      if (isCut()) return null;
      return more ? 'entry' : 'afterMember';
    },
    end: (scanner, isCut) => {
      scanner.expectEnd();
      return isCut() ? null : 'done';
    },
  };
  return {
    get depth() {
      return place === 'done' ? 0 : DEPTHS[place];
    },
    on: (scanner, final) => {
      const isCut = () => !final && scanner.pos >= scanner.bytes.length;
      let start = 0;
      try {
        while (place !== 'done') {
          scanner.peek();
          start = scanner.pos;
          const next = steps[place](scanner, isCut);
          if (next === null) return start;
          place = next;
        }
        return scanner.pos;
      } catch (error) {
        if (final || scanner.isDecided) throw error;
        return start;
      }
    },
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
    scanner.wrongType(MAP_TAG, 'weight_map names something else than a file');
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

import type { Budget } from '../budget.ts';
import { LoomError, throwIfAborted } from '../errors.ts';
import { createHasher, type Hasher } from '../hash.ts';
import { gatherCpu } from '../kernels/gather/cpu.ts';
import type { OutputShard } from '../plan/types.ts';
import type { SinkFile } from '../sink/types.ts';
import { readPieces } from '../source/coalesce.ts';
import type { ByteSource } from '../source/types.ts';
import { KIB, MIB } from '../units.ts';
import type { ShardDigests } from '../verify/read-back.ts';
import { scheduleShard, type Tile } from './schedule.ts';

export interface WriteShardOptions {
  readonly shard: OutputShard;
  readonly file: SinkFile;
  readonly open: (name: string) => Promise<ByteSource>;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (bytes: number) => void;
  /** Awaited before each tile is written. */
  readonly gate?: (() => Promise<void>) | undefined;
}

/** Large enough that a read's fixed cost vanishes, small enough that a few fit any budget. */
const TILE_BYTES = 8 * MIB;
/** Tiles that are being read while one is being written. */
const AHEAD = 3;
/** Small tensors lie close together: reading 64 KiB too much is cheaper than another read. */
const LIMITS = { gap: 64 * KIB, run: TILE_BYTES };

interface Loaded {
  readonly tile: Tile;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly release: () => void;
}

/**
 * Writes one shard: header, then tiles in file order while the next ones are read. Gives the hash of every part as its
 * bytes came from the source (after the gather kernel where there is one).
 *
 * Holds at most AHEAD + 1 tiles, all taken from the budget; a gather takes its inputs too.
 */
export async function writeShard(options: WriteShardOptions): Promise<ShardDigests> {
  const { shard, file, budget, signal, onBytes } = options;
  const tileBytes = Math.max(64 * KIB, Math.min(TILE_BYTES, Math.floor(budget.capacity / (AHEAD + 1))));
  const tiles = scheduleShard(shard, tileBytes);
  const pool = createPool(tileBytes);
  const hasher = await createHasher();
  const digests = new Map<string, string[]>();
  await file.write(shard.header, 0, { signal });
  const abort = new AbortController();
  const inner = signal ? AbortSignal.any([signal, abort.signal]) : abort.signal;
  const loading: Promise<Loaded>[] = [];
  let next = 0;
  const startNext = () => {
    const tile = tiles[next++];
    if (!tile) return;
    const promise = load(tile, options, pool, inner);
    promise.catch(() => undefined);
    loading.push(promise);
  };
  try {
    for (let i = 0; i <= AHEAD; i++) startNext();
    for (let current = loading.shift(); current; current = loading.shift()) {
      const { tile, bytes, release } = await current;
      try {
        await options.gate?.();
        throwIfAborted(signal);
        hashTile(tile, bytes, hasher, digests);
        await file.write(bytes, tile.offset, { signal });
      } finally {
        pool.give(bytes);
        release();
      }
      onBytes(tile.length);
      startNext();
    }
  } catch (error) {
    abort.abort();
    for (const pending of loading) await pending.then((loaded) => loaded.release()).catch(() => undefined);
    throw error;
  }
  return digests;
}

async function load(tile: Tile, options: WriteShardOptions, pool: Pool, signal: AbortSignal): Promise<Loaded> {
  const inputBytes =
    tile.kind === 'gather' ? tile.part.spans.reduce((sum, span) => sum + (span.end - span.start), 0) : 0;
  const release = await options.budget.take(tile.length + inputBytes, signal);
  try {
    const bytes = pool.take(tile.length);
    if (tile.kind === 'copy') {
      for (const [name, pieces] of tile.pieces)
        await readPieces(await options.open(name), pieces, bytes, LIMITS, signal);
      for (const literal of tile.literals) bytes.set(literal.bytes, literal.at);
    } else {
      const inputs = await Promise.all(
        tile.part.spans.map(async (span) => (await options.open(span.file)).read(span, { signal })),
      );
      gatherCpu(tile.part, inputs, bytes);
    }
    return { tile, bytes, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Hashes a tile's parts; tiles come in file order, so a part that spans several is hashed in order. */
function hashTile(tile: Tile, bytes: Uint8Array, hasher: Hasher, digests: Map<string, string[]>): void {
  for (const stretch of tile.stretches) {
    hasher.update(bytes.subarray(stretch.at, stretch.at + stretch.length));
    if (!stretch.last) continue;
    const list = digests.get(stretch.tensor.name) ?? [];
    if (list.length !== stretch.part) {
      throw new LoomError('internal', `${stretch.tensor.name}: part ${stretch.part} came out of order.`, {
        tensor: stretch.tensor.name,
      });
    }
    list.push(hasher.digest());
    digests.set(stretch.tensor.name, list);
    hasher.reset();
  }
}

interface Pool {
  take(length: number): Uint8Array<ArrayBuffer>;
  give(bytes: Uint8Array<ArrayBuffer>): void;
}

/** Buffers of one size, used again: a fresh one per tile would leave the garbage collector far behind. */
function createPool(size: number): Pool {
  const free: ArrayBuffer[] = [];
  return {
    take: (length) =>
      length > size ? new Uint8Array(length) : new Uint8Array(free.pop() ?? new ArrayBuffer(size), 0, length),
    give: (bytes) => {
      if (bytes.buffer.byteLength === size) free.push(bytes.buffer);
    },
  };
}

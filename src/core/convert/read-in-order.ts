import { throwIfAborted } from '../errors.ts';
import { createHasher, type Hasher } from '../hash.ts';
import { partBytes } from '../plan/parts.ts';
import type { ByteSource } from '../source/types.ts';
import { MIB } from '../units.ts';
import type { Piece, Witness } from './source-order.ts';
import { type Region, ungather } from './unmake.ts';

/** Two of these are held: one is hashed while the next is read. */
const BLOCK_BYTES = 2 * MIB;

/** Where the bytes of pieces come from. */
export interface PieceReader {
  readonly source: ByteSource;
  /** Null where no piece lies in the output. */
  readonly output: ((file: string) => Promise<ByteSource>) | null;
}

/**
 * Reads pieces in their order. `take` gets each block with its place in the source file, and gives back a buffer of the
 * same length to continue with, its own or another.
 */
export async function readPieces(
  pieces: readonly Piece[],
  reader: PieceReader,
  take: (bytes: Uint8Array<ArrayBuffer>, start: number) => Promise<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const spare: Uint8Array<ArrayBuffer>[] = [];
  const blocks = blocksOf(pieces);
  const load = (block: Block) => {
    const buffer = block.region ? new Uint8Array(block.length) : (spare.pop() ?? new Uint8Array(BLOCK_BYTES));
    const loaded = block.region
      ? fillRegion(block.region, buffer, reader, signal)
      : fill(block, buffer, reader, signal);
    loaded.catch(() => undefined);
    return loaded;
  };
  const [first] = blocks;
  let next = first ? load(first) : null;
  for (const [index, block] of blocks.entries()) {
    const bytes = await (next as Promise<Uint8Array<ArrayBuffer>>);
    throwIfAborted(signal);
    const following = blocks[index + 1];
    next = following ? load(following) : null;
    const back = await take(bytes.subarray(0, block.length), block.start);
    if (back.buffer.byteLength === BLOCK_BYTES) spare.push(new Uint8Array(back.buffer));
  }
}

interface Block {
  readonly start: number;
  length: number;
  readonly pieces: Piece[];
  /** The block is this region, and has no pieces. */
  readonly region?: Region;
}

/**
 * Pieces cut so that no block but a region is longer than {@link BLOCK_BYTES}; a block's pieces follow each other in the
 * source.
 */
function blocksOf(pieces: readonly Piece[]): Block[] {
  const blocks: Block[] = [];
  for (const piece of pieces) {
    if (piece.region) {
      blocks.push({ start: piece.start, length: piece.end - piece.start, pieces: [], region: piece.region });
      continue;
    }
    for (let at = piece.start; at < piece.end; ) {
      const last = blocks.at(-1);
      const open = last && !last.region && last.start + last.length === at && last.length < BLOCK_BYTES ? last : null;
      const block = open ?? { start: at, length: 0, pieces: [] };
      if (!open) blocks.push(block);
      const end = Math.min(piece.end, block.start + BLOCK_BYTES);
      const output = piece.output && { ...piece.output, at: piece.output.at + at - piece.start };
      block.pieces.push({ start: at, end, output });
      block.length += end - at;
      at = end;
    }
  }
  return blocks;
}

async function fill(
  { start: from, pieces }: Block,
  buffer: Uint8Array<ArrayBuffer>,
  { source, output }: PieceReader,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  for (const piece of pieces) {
    const into = buffer.subarray(piece.start - from, piece.end - from);
    const range = piece.output
      ? { start: piece.output.at, end: piece.output.at + piece.end - piece.start }
      : { start: piece.start, end: piece.end };
    const place = piece.output && output ? await output(piece.output.file) : source;
    const got = await place.read(range, { signal, into });
    if (got.buffer !== into.buffer) into.set(got);
  }
  return buffer;
}

/** Reads what gather kernels made of a region, and puts every element back. */
async function fillRegion(
  { start, members }: Region,
  buffer: Uint8Array<ArrayBuffer>,
  { output }: PieceReader,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  for (const { start: from, gathered } of members) {
    const place = await output?.(gathered.file);
    const range = { start: gathered.at, end: gathered.at + partBytes(gathered.part) };
    if (place) ungather(gathered, await place.read(range, { signal }), buffer.subarray(from - start));
  }
  return buffer;
}

/**
 * Holds bytes that pass in order to what was read of them before; `take` gives false as soon as a witness's stretch has
 * passed and is another one. A witness without a hash agrees with nothing.
 */
export async function createWitnessCheck(witnesses: readonly Witness[]): Promise<{
  take(bytes: Uint8Array, start: number): Promise<boolean>;
}> {
  const sorted = [...witnesses].sort((a, b) => a.start - b.start);
  const open = new Map<Witness, Hasher>();
  const spare: Hasher[] = [];
  let next = 0;
  return {
    take: async (bytes, start) => {
      const end = start + bytes.byteLength;
      for (let one = sorted[next]; one && one.start < end; one = sorted[++next]) {
        const hasher = spare.pop() ?? (await createHasher());
        hasher.reset();
        open.set(one, hasher);
      }
      let same = true;
      for (const [one, hasher] of open) {
        hasher.update(bytes.subarray(Math.max(0, one.start - start), Math.min(end, one.end) - start));
        if (one.end > end) continue;
        same &&= hasher.digest() === one.digest;
        open.delete(one);
        spare.push(hasher);
      }
      return same;
    },
  };
}

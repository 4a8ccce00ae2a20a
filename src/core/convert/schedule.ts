import { partBytes } from '../plan/parts.ts';
import type { BytesPart, CopyPart, GatherPart, OutputShard, OutputTensor } from '../plan/types.ts';
import type { Piece } from '../source/coalesce.ts';

/** Bytes of one part inside a tile, for hashing and for telling where something went wrong. */
export interface Stretch {
  readonly tensor: OutputTensor;
  readonly part: number;
  /** Offset in the tile. */
  readonly at: number;
  readonly length: number;
  /** True when the part ends with this stretch. */
  readonly last: boolean;
}

/** Bytes of the plan's own at an offset in a tile. */
export interface Literal {
  readonly at: number;
  readonly bytes: readonly number[];
}

/** Copies, and bytes of the plan's own, that together fill one buffer. */
export interface CopyTile {
  readonly kind: 'copy';
  /** Offset in the output file. */
  readonly offset: number;
  readonly length: number;
  readonly pieces: ReadonlyMap<string, readonly Piece[]>;
  readonly literals: readonly Literal[];
  readonly stretches: readonly Stretch[];
}

/** One gather part: its inputs are read whole, its output written whole. */
export interface GatherTile {
  readonly kind: 'gather';
  readonly offset: number;
  readonly length: number;
  readonly part: GatherPart;
  readonly stretches: readonly Stretch[];
}

export type Tile = CopyTile | GatherTile;

/**
 * Cuts a shard's tensor bytes into tiles of at most `tileBytes` (a gather part is never cut), in file order, each byte
 * once. Pure.
 */
export function scheduleShard(shard: OutputShard, tileBytes: number): Tile[] {
  const tiles: Tile[] = [];
  let open = newTile(shard.header.byteLength);
  const close = () => {
    if (open.length > 0) tiles.push(open);
    open = newTile(open.offset + open.length);
  };
  for (const tensor of shard.tensors) {
    tensor.parts.forEach((part, number) => {
      if (part.kind === 'gather') {
        close();
        const length = partBytes(part);
        tiles.push({
          kind: 'gather',
          offset: open.offset,
          length,
          part,
          stretches: [{ tensor, part: number, at: 0, length, last: true }],
        });
        open = newTile(open.offset + length);
        return;
      }
      const length = partBytes(part);
      for (const slice of cut(length, () => tileBytes - open.length)) {
        add(open, tensor, number, part, slice);
        if (open.length === tileBytes) close();
      }
    });
  }
  close();
  return tiles;
}

interface OpenTile extends CopyTile {
  length: number;
  readonly pieces: Map<string, Piece[]>;
  readonly literals: Literal[];
  readonly stretches: Stretch[];
}

function newTile(offset: number): OpenTile {
  return { kind: 'copy', offset, length: 0, pieces: new Map(), literals: [], stretches: [] };
}

/** Bytes `start` to `end` of a part. */
interface Slice {
  readonly start: number;
  readonly end: number;
  readonly last: boolean;
}

/** A part of `length` bytes in slices that each fit the room left at the time. */
function* cut(length: number, room: () => number): Generator<Slice> {
  for (let start = 0; start < length; ) {
    const end = Math.min(length, start + room());
    yield { start, end, last: end === length };
    start = end;
  }
}

function add(tile: OpenTile, tensor: OutputTensor, number: number, part: CopyPart | BytesPart, slice: Slice): void {
  const { start, end, last } = slice;
  const at = tile.length;
  if (part.kind === 'bytes') tile.literals.push({ at, bytes: part.bytes.slice(start, end) });
  else {
    const pieces = tile.pieces.get(part.span.file) ?? [];
    tile.pieces.set(part.span.file, pieces);
    pieces.push({ start: part.span.start + start, end: part.span.start + end, at });
  }
  tile.stretches.push({ tensor, part: number, at, length: end - start, last });
  tile.length += end - start;
}

import { partBytes } from '../plan/parts.ts';
import type { CopyPart, GatherPart, OutputShard, OutputTensor } from '../plan/types.ts';
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

/** Copies that together fill one buffer. */
export interface CopyTile {
  readonly kind: 'copy';
  /** Offset in the output file. */
  readonly offset: number;
  readonly length: number;
  readonly pieces: ReadonlyMap<string, readonly Piece[]>;
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
      for (const slice of cut(part, tileBytes, () => tileBytes - open.length)) {
        addCopy(open, tensor, number, slice, slice.end === part.span.end);
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
  readonly stretches: Stretch[];
}

function newTile(offset: number): OpenTile {
  return { kind: 'copy', offset, length: 0, pieces: new Map(), stretches: [] };
}

interface Slice {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** The copy in slices that each fit the room left at the time. */
function* cut(part: CopyPart, tileBytes: number, room: () => number): Generator<Slice> {
  const { file, end } = part.span;
  let start: number = part.span.start;
  while (start < end) {
    const length = Math.min(end - start, Math.min(room(), tileBytes));
    yield { file, start, end: start + length };
    start += length;
  }
}

function addCopy(tile: OpenTile, tensor: OutputTensor, part: number, slice: Slice, last: boolean): void {
  const pieces = tile.pieces.get(slice.file) ?? [];
  tile.pieces.set(slice.file, pieces);
  const length = slice.end - slice.start;
  pieces.push({ start: slice.start, end: slice.end, at: tile.length });
  tile.stretches.push({ tensor, part, at: tile.length, length, last });
  tile.length += length;
}

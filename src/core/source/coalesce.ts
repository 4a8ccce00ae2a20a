import type { ByteRange, ByteSource } from './types.ts';

/** A wanted range and where its bytes go. */
export interface Piece extends ByteRange {
  /** Offset in the target buffer. */
  readonly at: number;
}

/** Pieces that one read serves; `start` to `end` covers them all. */
export interface Run extends ByteRange {
  readonly pieces: readonly Piece[];
}

export interface CoalesceLimits {
  /** Unwanted bytes between two pieces that are read along rather than starting a new read. */
  readonly gap: number;
  /** Longest run: tensors in a file touch, so a gap rule alone would merge a whole shard. */
  readonly run: number;
}

/**
 * Groups pieces of one file into runs, in file order. A run never exceeds `limits.run`, except one that is a single
 * longer piece.
 */
export function coalesce(pieces: readonly Piece[], limits: CoalesceLimits): Run[] {
  const sorted = [...pieces].sort((a, b) => a.start - b.start || a.end - b.end);
  const runs: { start: number; end: number; pieces: Piece[] }[] = [];
  for (const piece of sorted) {
    const last = runs.at(-1);
    const end = last ? Math.max(last.end, piece.end) : 0;
    if (last && piece.start - last.end <= limits.gap && end - last.start <= limits.run) {
      last.pieces.push(piece);
      last.end = end;
    } else {
      runs.push({ start: piece.start, end: piece.end, pieces: [piece] });
    }
  }
  return runs;
}

/** Reads all pieces of one source into `target`; a run of one piece is read in place, without a copy. */
export async function readPieces(
  source: ByteSource,
  pieces: readonly Piece[],
  target: Uint8Array<ArrayBuffer>,
  limits: CoalesceLimits,
  signal?: AbortSignal,
): Promise<void> {
  for (const run of coalesce(pieces, limits)) {
    const direct = inPlace(run);
    if (direct) {
      const into = target.subarray(direct.at, direct.at + (run.end - run.start));
      const bytes = await source.read(run, { signal, into });
      if (bytes.buffer !== into.buffer) into.set(bytes);
      continue;
    }
    const bytes = await source.read(run, { signal });
    for (const piece of run.pieces) {
      target.set(bytes.subarray(piece.start - run.start, piece.end - run.start), piece.at);
    }
  }
}

/** The run's first piece when all its pieces follow each other in the file as they do in the target, else null. */
function inPlace(run: Run): Piece | null {
  const [first] = run.pieces;
  if (!first) return null;
  let end = first.start;
  for (const piece of run.pieces) {
    if (piece.start !== end || piece.at - first.at !== piece.start - first.start) return null;
    end = piece.end;
  }
  return first;
}

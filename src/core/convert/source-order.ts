import { partBytes, spansOf } from '../plan/parts.ts';
import type { ConversionPlan, OutputShard } from '../plan/types.ts';
import type { ByteRange } from '../source/types.ts';
import type { FinishedShard } from './journal.ts';

/** A stretch of a source file with the hash of what the conversion read there; null where nobody took it. */
export interface Witness extends ByteRange {
  readonly digest: string | null;
}

/** A stretch of a source file, and where its bytes are to be had: at `at` of an output file, or in the source alone. */
export interface Piece extends ByteRange {
  readonly output: { readonly file: string; readonly at: number } | null;
}

/** What was read of one source file, by its place there. */
export interface SourceReads {
  /** Stretches that the output holds as they are. */
  readonly copies: readonly (Piece & Witness)[];
  /** Stretches that a kernel made something else of. */
  readonly computed: readonly Witness[];
  /** Stretches that the plan itself looked at. */
  readonly planned: readonly ByteRange[];
}

/** Source files that a shard is made of. */
export function sourcesOf(shard: OutputShard): Set<string> {
  const files = new Set<string>();
  for (const { parts } of shard.tensors)
    for (const part of parts)
      for (const { file } of part.kind === 'bytes' ? [part.origin] : spansOf(part)) files.add(file);
  return files;
}

/** What the finished shards of a plan read of the source file `name`. Pure. */
export function readsOf(
  plan: Pick<ConversionPlan, 'shards'>,
  name: string,
  finished: ReadonlyMap<string, FinishedShard>,
): SourceReads {
  const copies: (Piece & Witness)[] = [];
  const computed: Witness[] = [];
  const planned: ByteRange[] = [];
  for (const shard of plan.shards) {
    const made = finished.get(shard.file);
    if (!made) continue;
    const digests = new Map(made.digests);
    const inputs = new Map(made.inputs);
    for (const tensor of shard.tensors) {
      let at: number = tensor.start;
      for (const [number, part] of tensor.parts.entries()) {
        if (part.kind === 'bytes') {
          if (part.origin.file === name) planned.push(part.origin);
        } else if (part.kind === 'copy') {
          const { file, start, end } = part.span;
          const digest = digests.get(tensor.name)?.[number] ?? null;
          if (file === name) copies.push({ start, end, digest, output: { file: shard.file, at } });
        } else {
          for (const [index, { file, start, end }] of part.spans.entries()) {
            const digest = inputs.get(tensor.name)?.[number]?.[index] ?? null;
            if (file === name) computed.push({ start, end, digest });
          }
        }
        at += partBytes(part);
      }
    }
  }
  return { copies: copies.sort(byPlace), computed: computed.sort(byPlace), planned: planned.sort(byPlace) };
}

function byPlace(a: ByteRange, b: ByteRange): number {
  return a.start - b.start || a.end - b.end;
}

/** `range` as pieces that follow each other, each from the output where it holds those bytes as they are. Pure. */
export function piecesOf({ copies }: Pick<SourceReads, 'copies'>, range: ByteRange): Piece[] {
  const pieces: Piece[] = [];
  let at = range.start;
  for (const { start, end, output } of copies) {
    if (end <= at || output === null) continue;
    if (start > at) pieces.push({ start: at, end: start, output: null });
    const from = Math.max(start, at);
    const last = pieces.at(-1);
    const next = output.at + from - start;
    if (last?.output?.file === output.file && last.output.at + last.end - last.start === next)
      pieces[pieces.length - 1] = { ...last, end };
    else pieces.push({ start: from, end, output: { file: output.file, at: next } });
    at = end;
  }
  if (at < range.end) pieces.push({ start: at, end: range.end, output: null });
  return pieces;
}

/** Bytes of `range` that none of the reads touched. Pure. */
export function unreadBytes({ copies, computed, planned }: SourceReads, range: ByteRange): number {
  let at = range.start;
  let unread = 0;
  for (const { start, end } of [...copies, ...computed, ...planned].sort(byPlace)) {
    unread += Math.max(0, Math.min(start, range.end) - at);
    at = Math.max(at, end);
  }
  return unread + Math.max(0, range.end - at);
}

/** The ranges that hold all of these, those that touch or overlap as one. Pure. */
export function mergedRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of [...ranges].sort(byPlace)) {
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

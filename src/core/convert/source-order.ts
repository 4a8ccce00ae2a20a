import { partBytes, spansOf } from '../plan/parts.ts';
import type { ConversionPlan, OutputShard, OutputTensor } from '../plan/types.ts';
import type { ByteRange } from '../source/types.ts';
import type { FinishedShard } from './journal.ts';
import type { Gathered, Region } from './unmake.ts';

/** A stretch of a source file with the hash of what the conversion read there; null where nobody took it. */
export interface Witness extends ByteRange {
  readonly digest: string | null;
}

/**
 * A stretch of a source file, and where to read its bytes: at `at` of an output file, from gathered parts of the output
 * (`region`, whose range it is), or in the source when both are null.
 */
export interface Piece extends ByteRange {
  readonly output: { readonly file: string; readonly at: number } | null;
  readonly region?: Region | undefined;
}

/** What was read of one source file, by its place there. */
export interface SourceReads {
  /** Stretches that the output holds as they are. */
  readonly copies: readonly (Piece & Witness)[];
  /** Stretches that a kernel made something else of. */
  readonly computed: readonly (Witness & { readonly gathered: Gathered | null })[];
  /** Stretches that the plan itself looked at. */
  readonly planned: readonly ByteRange[];
}

/** Source files that a shard is made of. */
export function sourcesOf(shard: OutputShard): Set<string> {
  return new Set(shard.tensors.flatMap((tensor) => [...filesOf(tensor)]));
}

function filesOf({ parts }: OutputTensor): Set<string> {
  const files = new Set<string>();
  for (const part of parts)
    for (const { file } of part.kind === 'bytes' ? [part.origin] : spansOf(part)) files.add(file);
  return files;
}

/** The output tensors that are made of each source file, by shard. */
export type SourceUses = ReadonlyMap<string, ReadonlyMap<OutputShard, readonly OutputTensor[]>>;

/** What each source file of a plan is used for, from one walk through the plan. Pure. */
export function usesOf({ shards }: Pick<ConversionPlan, 'shards'>): SourceUses {
  const uses = new Map<string, Map<OutputShard, OutputTensor[]>>();
  for (const shard of shards)
    for (const tensor of shard.tensors)
      for (const file of filesOf(tensor)) {
        const byShard = uses.get(file) ?? new Map<OutputShard, OutputTensor[]>();
        const tensors = byShard.get(shard) ?? [];
        tensors.push(tensor);
        uses.set(file, byShard.set(shard, tensors));
      }
  return uses;
}

/** The hashes of a finished shard by tensor. One map serves every source file that the shard is made of. */
const hashes = new WeakMap<FinishedShard, ReturnType<typeof mapHashes>>();

function mapHashes({ digests, inputs }: FinishedShard) {
  return { digests: new Map(digests), inputs: new Map(inputs) };
}

function hashesOf(made: FinishedShard): ReturnType<typeof mapHashes> {
  const known = hashes.get(made) ?? mapHashes(made);
  hashes.set(made, known);
  return known;
}

/** What the finished shards of a plan read of the source file `name`. It looks only at the tensors that use the file. Pure. */
export function readsOf(uses: SourceUses, name: string, finished: ReadonlyMap<string, FinishedShard>): SourceReads {
  const copies: (Piece & Witness)[] = [];
  const computed: SourceReads['computed'][number][] = [];
  const planned: ByteRange[] = [];
  for (const [shard, tensors] of uses.get(name) ?? []) {
    const made = finished.get(shard.file);
    if (!made) continue;
    const { digests, inputs } = hashesOf(made);
    for (const tensor of tensors) {
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
            const gathered = part.kind === 'gather' ? { part, span: index, file: shard.file, at } : null;
            if (file === name) computed.push({ start, end, digest, gathered });
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

/** `range` as pieces that follow each other, each from the output where the output determines its bytes. Pure. */
export function piecesOf(copies: SourceReads['copies'], regions: readonly Region[], range: ByteRange): Piece[] {
  const pieces: Piece[] = [];
  let at = range.start;
  const gap = (end: number) => {
    if (end > at) pieces.push({ start: at, end, output: null });
  };
  const known: Piece[] = [...copies, ...regions.map((region) => ({ ...region, output: null, region }))];
  for (const { start, end, output, region } of known.sort(byPlace)) {
    if (end <= at || (region && start < at)) continue;
    gap(start);
    const from = Math.max(start, at);
    if (region) pieces.push({ start, end, output: null, region });
    else if (output) appendCopy(pieces, { start: from, end, output: { ...output, at: output.at + from - start } });
    at = end;
  }
  gap(range.end);
  return pieces;
}

/** Joins pieces that follow each other in the output too. */
function appendCopy(pieces: Piece[], piece: Piece & { readonly output: NonNullable<Piece['output']> }): void {
  const last = pieces.at(-1);
  const joins = last?.output?.file === piece.output.file && last.output.at + last.end - last.start === piece.output.at;
  if (last && joins && last.end === piece.start) pieces[pieces.length - 1] = { ...last, end: piece.end };
  else pieces.push(piece);
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
